import { describe, expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { create, expectProblem, list, send } from './requests.ts'

const APP = 'https://app.example.com'
const network = { publicUrl: new URL('https://tasks.example.com/api'), corsOrigins: [APP] }

type Headers = Readonly<Record<string, string>>

/** Sends each kind of write with these headers; resolves with the statuses, of which all must be alike. */
const write = async (headers: Headers): Promise<'allowed' | 'refused'> => {
  const app = await startApp({ database: 'memory', network })
  const task = await create(app)
  const answers = [
    await send(app, 'POST', '/tasks', { title: 'x' }, headers),
    await send(app, 'PUT', `/tasks/${task.id}`, { title: 'x' }, headers),
    await send(app, 'PATCH', `/tasks/${task.id}`, { title: 'y' }, headers),
    await send(app, 'POST', `/tasks/${task.id}/complete`, undefined, headers),
    await send(
      app,
      'POST',
      '/tasks/batch',
      { operations: [{ op: 'create', task: { title: 'x' } }] },
      headers,
    ),
    await send(app, 'DELETE', `/tasks/${task.id}`, undefined, headers),
  ]
  const isRefused = answers[0]?.statusCode === 403
  for (const answer of answers) {
    if (isRefused) expectProblem(answer, 403, 'origin_not_allowed')
    else expect(answer.statusCode, answer.body).toBeLessThan(300)
  }
  if (isRefused) expect(await list(app)).toEqual([task])
  return isRefused ? 'refused' : 'allowed'
}

describe('a write', () => {
  test.each<[Headers]>([
    [{}],
    [{ 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'none' }],
    [{ origin: 'http://localhost', host: 'localhost' }],
    [{ origin: 'http://localhost:8000', host: 'LOCALHOST:8000' }],
    [{ origin: 'https://localhost', host: 'localhost:443' }],
    [{ origin: 'http://[::1]:8000', host: '[::1]:8000' }],
    [{ origin: 'https://tasks.example.com', host: '127.0.0.1:8000' }],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
    [{ origin: APP }],
    [{ origin: APP, 'sec-fetch-site': 'cross-site' }],
  ])('with %j is carried out', async (headers) => expect(await write(headers)).toBe('allowed'))

  test.each<[Headers]>([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'anything' }],
    [{ 'sec-fetch-site': '' }],
    [{ origin: 'http://localhost', host: 'localhost', 'sec-fetch-site': 'cross-site' }],
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: '' }],
    [{ origin: 'localhost', host: 'localhost' }],
    [{ origin: 'http://localhost:3000', host: 'localhost:8000' }],
    [{ origin: 'http://localhost.evil.example', host: 'localhost' }],
    [{ origin: 'http://user@localhost', host: 'localhost' }],
    [{ origin: 'http://localhost/x', host: 'localhost' }],
    [{ origin: 'ftp://localhost', host: 'localhost' }],
    [{ origin: 'http://tasks.example.com', host: 'localhost' }],
    [{ origin: `${APP}, https://evil.example` }],
    [{ origin: 'https://app.example.com.evil.example' }],
  ])('with %j is 403', async (headers) => expect(await write(headers)).toBe('refused'))
})

test('a delivery of GitHub is judged by its signature alone', async () => {
  const app = await startApp({ database: 'memory' })
  const answer = await send(app, 'POST', '/github/webhook', {}, { origin: 'https://evil.example' })
  expect(answer.statusCode).not.toBe(403)
})

test('a read by a page of an unnamed origin is answered, but the browser may not show it to the page', async () => {
  const app = await startApp({ database: 'memory', network })
  const answer = await send(app, 'GET', '/tasks', undefined, {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
  })
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  expect(answer.headers.vary).toMatch(/\bOrigin\b/)
})

describe('a page of a named origin', () => {
  test.each([
    ['GET', '/tasks', 200],
    ['POST', '/tasks', 422],
    ['GET', '/tasks/1', 404],
    ['GET', '/nowhere', 404],
    ['DELETE', '/tasks', 405],
  ] as const)('may read the answer to %s %s, and its headers', async (method, url, status) => {
    const app = await startApp({ database: 'memory', network })
    const answer = await send(app, method, url, method === 'POST' ? {} : undefined, { origin: APP })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['access-control-allow-origin']).toBe(APP)
    expect(answer.headers.vary).toMatch(/\bOrigin\b/)
    expect(String(answer.headers['access-control-expose-headers']).split(', ')).toEqual([
      'ETag',
      'Link',
      'Location',
      'Retry-After',
      'Idempotent-Replayed',
      'X-Request-Id',
      'Operation-Id',
    ])
  })

  test('may ask what it may send', async () => {
    const app = await startApp({ database: 'memory', network })
    const headers = {
      origin: APP,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'content-type,if-match,idempotency-key',
    }
    const answer = await send(
      app,
      'OPTIONS',
      '/tasks/0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e',
      undefined,
      headers,
    )
    expect(answer.statusCode).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe(APP)
    expect(answer.headers['access-control-allow-methods']).toContain('PATCH')
    const allowed = String(answer.headers['access-control-allow-headers']).toLowerCase().split(', ')
    expect(allowed).toEqual(
      expect.arrayContaining(['content-type', 'if-match', 'if-none-match', 'idempotency-key']),
    )
  })
})

test('a page of another origin is told nothing of what it may send', async () => {
  const app = await startApp({ database: 'memory', network })
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' }
  const answer = await send(app, 'OPTIONS', '/tasks', undefined, headers)
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual(
    [],
  )
})

test('without CORS_ORIGINS no answer has a header of CORS', async () => {
  const app = await startApp({ database: 'memory' })
  const answer = await send(app, 'GET', '/tasks', undefined, { origin: 'http://localhost' })
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual(
    [],
  )
})
