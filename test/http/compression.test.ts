import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { acceptsGzip } from '#src/http/compression.ts'
import type { App } from '#src/http/typed-app.ts'
import { startApp, startServer } from '../start-app.ts'
import { openSocket } from './raw-socket.ts'
import { create, createAll, send } from './requests.ts'

const GZIP = { 'accept-encoding': 'gzip, deflate, br' }

const startWithTasks = async (): Promise<App> => {
  const app = await startApp({ database: 'memory' })
  await createAll(
    app,
    Array.from({ length: 100 }, (_, i) => ({
      title: `Task ${i}`,
      description: `Österreich ${i} `.repeat(20),
    })),
  )
  return app
}

describe('an answer of more than 1 kB is compressed for a client that accepts gzip', () => {
  test.each([
    '/tasks',
    '/tasks?limit=50',
    '/tasks?q=task&sort=-priority',
    '/openapi.json',
    '/docs/json',
    '/docs/yaml',
    '/docs/static/swagger-ui.css',
    '/docs/static/swagger-ui-bundle.js',
    '/metrics',
  ])('%s', async (url) => {
    const app = await startWithTasks()
    const plain = await send(app, 'GET', url)
    const answer = await send(app, 'GET', url, undefined, GZIP)
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(answer.headers['content-type']).toBe(plain.headers['content-type'])
    const length = answer.headers['content-length']
    if (length !== undefined) expect(Number(length)).toBe(answer.rawPayload.length)
    if (url !== '/metrics')
      expect(gunzipSync(answer.rawPayload).equals(plain.rawPayload)).toBe(true)
    expect(answer.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
    for (const { headers } of [plain, answer]) expect(headers.vary).toBe('Accept-Encoding')
  })

  test('a single long task keeps its ETag, which serves as If-Match', async () => {
    const app = await startApp({ database: 'memory' })
    const { id } = await create(app, { title: 'x', description: 'long '.repeat(1000) })
    const answer = await send(app, 'GET', `/tasks/${id}`, undefined, GZIP)
    expect([answer.headers['content-encoding'], answer.headers.etag]).toEqual(['gzip', '"1"'])
    const headers = { ...GZIP, 'if-match': String(answer.headers.etag) }
    const patched = await send(app, 'PATCH', `/tasks/${id}`, { title: 'y' }, headers)
    expect(JSON.parse(gunzipSync(patched.rawPayload).toString())).toMatchObject({
      title: 'y',
      version: 2,
    })
  })

  test('a created task and a long refusal too', async () => {
    const app = await startApp({ database: 'memory' })
    const created = await send(
      app,
      'POST',
      '/tasks',
      { title: 'x', description: 'long '.repeat(1000) },
      GZIP,
    )
    expect([created.statusCode, created.headers['content-encoding']]).toEqual([201, 'gzip'])
    const fields = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`unknown_field_${i}`, 1]),
    )
    const refused = await send(app, 'POST', '/tasks', fields, GZIP)
    expect([refused.statusCode, refused.headers['content-encoding']]).toEqual([422, 'gzip'])
    expect(JSON.parse(gunzipSync(refused.rawPayload).toString())).toMatchObject({
      code: 'invalid_input',
    })
  })
})

test('a small answer, one without a body and a part of a file stay as they are', async () => {
  const app = await startApp({ database: 'memory' })
  const task = await create(app)
  const small = await send(app, 'GET', `/tasks/${task.id}`, undefined, GZIP)
  expect(small.headers['content-encoding']).toBeUndefined()
  expect(small.json()).toEqual(task)
  const known = await send(app, 'GET', `/tasks/${task.id}`, undefined, {
    ...GZIP,
    'if-none-match': '"1"',
  })
  expect([known.statusCode, known.headers['content-encoding'], known.body]).toEqual([
    304,
    undefined,
    '',
  ])
  const deleted = await send(app, 'DELETE', `/tasks/${task.id}`, undefined, GZIP)
  expect([deleted.statusCode, deleted.headers['content-encoding']]).toEqual([204, undefined])
  const range = { ...GZIP, range: 'bytes=0-4999' }
  const part = await send(app, 'GET', '/docs/static/swagger-ui.css', undefined, range)
  expect([part.statusCode, part.headers['content-encoding'], part.rawPayload.length]).toEqual([
    206,
    undefined,
    5000,
  ])
})

describe('HEAD', () => {
  test.each(['/tasks', '/tasks?limit=50', '/openapi.json', '/docs/static/swagger-ui.css'])(
    'of %s says that it would be compressed, and no length',
    async (url) => {
      const app = await startWithTasks()
      const answer = await send(app, 'HEAD', url, undefined, GZIP)
      expect([answer.statusCode, answer.body]).toEqual([200, ''])
      expect(answer.headers['content-encoding']).toBe('gzip')
      expect(answer.headers['content-length']).toBeUndefined()
    },
  )

  test.each(['/tasks', '/tasks?sort=title', '/tasks/:id/events'])(
    'of the streamed %s has no length',
    async (url) => {
      const app = await startApp({ database: 'memory' })
      const { id } = await create(app)
      const answer = await send(app, 'HEAD', url.replace(':id', id))
      expect([answer.statusCode, answer.body]).toEqual([200, ''])
      expect(answer.headers['content-length']).toBeUndefined()
      expect(answer.headers['content-type']).toContain('application/json')
    },
  )
})

test.each<[string | undefined, boolean]>([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['GZIP', true],
  ['x-gzip', true],
  ['br, gzip;q=0.1', true],
  ['gzip;q=0', false],
  ['gzip; q=0.0', false],
  ['gzip ; q=1', true],
  ['*', true],
  ['*;q=0', false],
  ['gzip;q=0, *', false],
  ['*;q=0, gzip', true],
  ['br', false],
  ['identity', false],
  ['gzipped', false],
  ['gzip;q=x', false],
])('Accept-Encoding: %s accepts gzip: %s', (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected)
})

test('a client that leaves in the middle of a compressed list harms nobody', async () => {
  const url = await startServer()
  const operations = Array.from({ length: 200 }, () => ({
    op: 'create',
    task: { title: 'x', description: `${Math.random()}`.repeat(2000) },
  }))
  const headers = { 'content-type': 'application/json' }
  await fetch(`${url}/tasks/batch`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ operations }),
  })
  for (let i = 0; i < 20; i += 1) {
    const { socket } = await openSocket(url)
    socket.write('GET /tasks HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
  }
  expect(await (await fetch(`${url}/tasks`)).json()).toHaveLength(200)
})
