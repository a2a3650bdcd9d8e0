import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { runCommand, startProcess } from '../start-process.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string }

const post = (url: string, body: unknown) => sendJson(`${url}/tasks`, 'POST', body)

test('a start says in one line which version runs, where it listens and where the data are', async () => {
  const path = join(createFolder(), 'data', 'tasks.db')
  const { url, stdout } = await startProcess({ DATABASE_URL: `sqlite:${path}` }, createFolder())
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
  expect(JSON.parse(stdout())).toMatchObject({ msg: 'started', version, url, data: path })
  expect((await fetch(`${url}/docs`)).status).toBe(200)
  expect(readFileSync(path).subarray(0, 15).toString()).toBe('SQLite format 3')
})

test('without any configuration a task is created through the real port and kept in ./data/tasks.db', async () => {
  const folder = createFolder()
  const { url, stdout } = await startProcess({}, folder)
  expect(JSON.parse(stdout())).toMatchObject({ data: './data/tasks.db' })
  const created = await post(url, { title: 'Write the report' })
  expect(created.status).toBe(201)
  const task = await created.json()
  expect(task).toMatchObject({ title: 'Write the report', status: 'pending', version: 1 })
  expect(await (await fetch(url + created.headers.get('location'))).json()).toEqual(task)
  expect(readFileSync(join(folder, 'data/tasks.db')).subarray(0, 15).toString()).toBe(
    'SQLite format 3',
  )
})

test('without a database it starts, says so and writes no file', async () => {
  const folder = createFolder()
  const service = await startProcess({ DATABASE_URL: 'none' }, folder)
  expect(JSON.parse(service.stdout())).toMatchObject({ data: 'none: no database is configured' })
  expect(await (await fetch(`${service.url}/tasks`)).json()).toEqual([])
  const refused = await post(service.url, { title: 'x' })
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({
    code: 'database_not_configured',
    detail: 'Database not configured',
  })
  const ready = await fetch(`${service.url}/readyz`)
  expect(ready.status).toBe(200)
  expect(await ready.json()).toMatchObject({ note: expect.any(String) })
  expect(() => readFileSync(join(folder, 'data'))).toThrow('ENOENT')
})

describe('a second process on the same file', () => {
  const startTwice = async (name: string) => {
    const folder = createFolder()
    const first = await startProcess({ DATABASE_URL: 'sqlite:tasks.db' }, folder)
    expect((await post(first.url, { title: 'before' })).status).toBe(201)
    if (name !== 'tasks.db') symlinkSync(join(folder, 'tasks.db'), join(folder, name))
    const second = await runCommand(
      ['serve'],
      { PORT: '0', DATABASE_URL: `sqlite:${name}` },
      folder,
    )
    return { first, second }
  }

  test.each(['tasks.db', 'link.db'])(
    'called %s says so and stops while the first serves on',
    async (name) => {
      const { first, second } = await startTwice(name)
      expect(second.code).toBe(1)
      expect(second.stdout).toBe('')
      expect(second.stderr).toMatch(/^task-manager-api: .*\.db is in use by another process: .*\n$/)
      expect((await post(first.url, { title: 'after' })).status).toBe(201)
      expect(await (await fetch(`${first.url}/tasks`)).json()).toMatchObject([
        { title: 'before' },
        { title: 'after' },
      ])
      expect(await first.end('SIGTERM')).toBe(0)
    },
  )

  test('may start as soon as the first was killed', async () => {
    const folder = createFolder()
    const first = await startProcess({}, folder)
    const task = await (await post(first.url, { title: 'kept' })).json()
    await first.end('SIGKILL')
    const second = await startProcess({}, folder)
    expect(await (await fetch(`${second.url}/tasks`)).json()).toEqual([task])
  })
})
