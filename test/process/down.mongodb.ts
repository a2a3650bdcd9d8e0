import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { exchange } from './exchange.ts'
import { eventually, serves, withLimit } from './mongodb-load.ts'
import { createServerPlace } from './mongodb-server.ts'

const timed = async <T>(run: () => Promise<T>): Promise<{ result: T; ms: number }> => {
  const began = performance.now()
  const result = await run()
  return { result, ms: performance.now() - began }
}

test('the service starts while its server is down, says so in time, and serves once it is up', async () => {
  const server = await createServerPlace()
  const service = await startProcess({ DATABASE_URL: server.url }, createFolder())
  expect((await exchange(`${service.url}/livez`)).status).toBe(200)
  const asked = [
    ['GET', '/readyz'],
    ['GET', '/tasks'],
    ['POST', '/tasks', { title: 'Too early' }],
    ['POST', '/tasks/batch', { operations: [{ op: 'create', task: { title: 'Too early' } }] }],
    ['GET', '/tasks/0192a0c0-0000-7000-8000-000000000000'],
    ['PATCH', '/tasks/0192a0c0-0000-7000-8000-000000000000', { title: 'Too early' }],
    ['GET', '/tasks/0192a0c0-0000-7000-8000-000000000000/events'],
  ] as const
  const { result: answers, limit } = await withLimit(service.url, () =>
    Promise.all(
      asked.map(([method, path, body]) =>
        timed(() => exchange(`${service.url}${path}`, method, body)),
      ),
    ),
  )
  for (const { result, ms } of answers) {
    expect(result).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
    expect(JSON.parse(result.body)).toMatchObject({ code: 'database_unavailable' })
    expect(ms).toBeLessThan(limit)
  }
  await server.start()
  await serves(service.url, 6000)
  expect(JSON.parse((await exchange(`${service.url}/tasks`)).body)).toEqual([])
  expect(service.child.exitCode).toBe(null)
})

test('a database that turns out to be of a newer version when its server comes up is not served, and is left as it is', async () => {
  const server = await createServerPlace()
  await server.start()
  const url = `${server.url}/newer`
  const setVersion = async (version: number): Promise<void> => {
    const client = await MongoClient.connect(url)
    const meta = client.db().collection<{ _id: string }>('meta')
    await meta.updateOne({ _id: 'schema' }, { $set: { version } }, { upsert: true })
    expect((await client.db().listCollections().toArray()).map(({ name }) => name)).toEqual([
      'meta',
    ])
    await client.close()
  }
  await setVersion(999)
  await server.kill('ferretdb')
  const service = await startProcess({ DATABASE_URL: url }, createFolder())
  await server.restart('ferretdb')
  const detail = expect.stringContaining('newer version')
  await eventually(6000, async () => {
    const { status, body } = await exchange(`${service.url}/tasks`)
    expect({ status, ...JSON.parse(body) }).toMatchObject({
      status: 503,
      code: 'database_unavailable',
      detail,
    })
  })
  await setVersion(1)
  await serves(service.url, 6000)
})
