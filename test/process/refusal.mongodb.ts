import { describe, expect, test } from 'vitest'
import { createDatabaseUrl } from '../mongodb.ts'
import { createFolder } from '../start-app.ts'
import { runCommand, startProcess } from '../start-process.ts'
import { connectTo } from './event-sequence.ts'
import { serves } from './mongodb-load.ts'

const SECRET = 'Open-Sesame'

const serve = (url: string) =>
  runCommand(['serve'], { PORT: '0', DATABASE_URL: url }, createFolder())

/** One line, of the program; no stack and no success. */
const expectOneLine = (
  { code, stdout, stderr }: Awaited<ReturnType<typeof runCommand>>,
  named: string,
): void => {
  expect(stdout).toBe('')
  expect(code, stderr).toBeGreaterThan(0)
  expect(stderr).toMatch(/^task-manager-api: .+\n$/)
  expect(stderr).toContain(named)
}

describe('a connection string', () => {
  test.each([
    ['an option that there is not', `mongodb://me:${SECRET}@127.0.0.1/tasks?retryWritez=true`],
    ['an option with a wrong value', `mongodb://me:${SECRET}@127.0.0.1/tasks?maxPoolSize=many`],
    ['a port that is none', `mongodb://me:${SECRET}@127.0.0.1:99999/tasks`],
    ['a port in words', `mongodb://me:${SECRET}@127.0.0.1:port/tasks`],
    ['a password that is not escaped', `mongodb://me:${SECRET}/${SECRET}@127.0.0.1/tasks`],
    ['a password with an @', `mongodb://me:${SECRET}@${SECRET}@127.0.0.1/tasks`],
    ['a password with a ?', `mongodb://me:${SECRET}?${SECRET}@127.0.0.1/tasks`],
    ['a broken escape', `mongodb://me:${SECRET}%zz@127.0.0.1/tasks`],
    ['no host', `mongodb://me:${SECRET}@/tasks`],
    ['a port with srv', `mongodb+srv://me:${SECRET}@nowhere.invalid:27017/tasks`],
    ['a name that no database may have', `mongodb://me:${SECRET}@127.0.0.1/my.tasks`],
    ['a name with a broken escape', `mongodb://me:${SECRET}@127.0.0.1/my%zz`],
  ])('with %s is refused in one line, and its password is not in it', async (_, url) => {
    const ended = await serve(url)
    expectOneLine(ended, 'DATABASE_URL')
    expect(ended.stderr).not.toContain('Sesame')
  })

  test.each([
    ['mongodb://', `mongodb://me:${SECRET}@127.0.0.1:9/tasks?authSource=admin`],
    ['mongodb+srv://', `mongodb+srv://me:${SECRET}@nowhere.invalid/tasks`],
  ])('of %s whose server is not there keeps its password to itself', async (_, url) => {
    const service = await startProcess({ DATABASE_URL: url, LOG_LEVEL: 'trace' }, createFolder())
    const ask = async (path: string, body?: string): Promise<string> => {
      const init =
        body === undefined
          ? {}
          : { method: 'POST', headers: { 'content-type': 'application/json' }, body }
      const response = await fetch(`${service.url}${path}`, init)
      return `${response.status} ${path} ${JSON.stringify([...response.headers])} ${await response.text()}`
    }
    const asked = [
      ask('/readyz'),
      ask('/tasks'),
      ask('/tasks', '{"title":"x"}'),
      ask('/metrics'),
      ask('/livez'),
    ]
    const seen = await Promise.all(asked)
    expect(seen.map((text) => text.slice(0, 3))).toEqual(['503', '503', '503', '200', '200'])
    expect(await service.end('SIGTERM')).toBe(0)
    expect(service.output()).toContain('request failed')
    expect([service.output(), ...seen].join('\n')).not.toContain('Sesame')
  })
})

describe('a database of a newer version', () => {
  const everything = async (url: string): Promise<unknown> => {
    const db = await connectTo(url)
    const names = (await db.listCollections().toArray()).map(({ name }) => name).sort()
    return Promise.all(
      names.map(async (name) => [
        name,
        await db.collection(name).find().toArray(),
        await db.collection(name).indexes(),
      ]),
    )
  }

  test('is refused in one line, and nothing in it changes', async () => {
    const url = await createDatabaseUrl()
    const meta = (await connectTo(url)).collection<{ _id: string; version: number }>('meta')
    await meta.insertOne({ _id: 'schema', version: 999 })
    const before = await everything(url)
    expectOneLine(await serve(url), '999')
    expect(await everything(url)).toEqual(before)
  })
})

test('a database that another process makes ready at the same time is served by both', async () => {
  const url = await createDatabaseUrl()
  const start = () => startProcess({ DATABASE_URL: url }, createFolder())
  const services = await Promise.all([start(), start()])
  for (const service of services) await serves(service.url)
})
