import { describe, expect, test } from 'vitest'
import { startApp, startServer } from '../start-app.ts'
import { expectProblem, send } from './requests.ts'

const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

describe('OPTIONS', () => {
  test.each([
    ['/tasks', 'GET, HEAD, POST'],
    ['/tasks/', 'GET, HEAD, POST'],
    ['/tasks?x=1', 'GET, HEAD, POST'],
    ['/tasks/batch', 'POST'],
    [`/tasks/${ID}`, 'DELETE, GET, HEAD, PATCH, PUT'],
    [`/tasks/${ID}/complete`, 'POST'],
    [`/tasks/${ID}/events`, 'GET, HEAD'],
    [`/tasks/${ID}/sync`, 'GET, HEAD, POST'],
    ['/github/status', 'GET, HEAD'],
    ['/github/jobs', 'GET, HEAD'],
    ['/github/jobs/retry', 'POST'],
    ['/github/webhook', 'POST'],
    ['/livez', 'GET, HEAD'],
    ['/readyz', 'GET, HEAD'],
    ['/metrics', 'GET, HEAD'],
    ['/openapi.json', 'GET, HEAD'],
    ['/docs', 'GET, HEAD'],
    ['/docs/static/swagger-ui.css', 'GET, HEAD'],
    ['/', 'GET, HEAD'],
  ])('of %s is 204 with Allow: %s', async (url, allow) => {
    const app = await startApp({ database: 'memory' })
    const answer = await send(app, 'OPTIONS', url)
    expect([answer.statusCode, answer.body, answer.headers.allow]).toEqual([204, '', allow])
  })

  test.each(['/nowhere', '/tasks//', `/tasks/${ID}/nothing`])('of %s is 404', async (url) => {
    const app = await startApp({ database: 'memory' })
    expectProblem(await send(app, 'OPTIONS', url), 404, 'route_not_found')
  })

  test('is answered over the network, and the connection goes on', async () => {
    const url = await startServer()
    const answer = await fetch(`${url}/tasks/batch`, { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow'), await answer.text()]).toEqual([
      204,
      'POST',
      '',
    ])
  })
})

describe('what a plugin refuses keeps its status', () => {
  test.each([
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/docs/static/%00',
    '/docs/static/.hidden',
    '/docs/static/%5c..%5c..',
  ])('%s', async (url) => {
    const app = await startApp({ database: 'memory' })
    const answer = await send(app, 'GET', url)
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode).toBeLessThan(500)
    expectProblem(answer, answer.statusCode, answer.json().code)
    expect(answer.body).not.toMatch(/node_modules|ENOENT|at .*js/)
  })

  test('an error that a caller may see, of whatever 4xx status', async () => {
    const app = await startApp({ database: 'memory' })
    app.get('/plugin/:status', { schema: { hide: true } }, async (request) => {
      const { status } = request.params as { status: string }
      throw Object.assign(new Error('internal words'), { statusCode: Number(status), expose: true })
    })
    for (const status of [400, 401, 403, 404, 406, 409, 410, 416, 429, 451]) {
      const answer = await send(app, 'GET', `/plugin/${status}`)
      expectProblem(answer, status, answer.json().code)
      expect(answer.body).not.toContain('internal words')
    }
    expectProblem(await send(app, 'GET', '/plugin/502'), 500, 'internal_error')
  })
})

describe('a URL whose bytes cannot be read is 400', () => {
  test.each([
    '/tasks?label=%E9',
    '/tasks?label=%',
    '/tasks?label=%4',
    '/tasks?label=%zz',
    '/tasks?%FF=1',
    '/tasks?q=%C3%28',
    '/tasks?q=%ED%A0%80',
    `/tasks/${ID}?x=%E9`,
    '/tasks/%E9',
    '/nowhere?x=%E9',
  ])('%s', async (url) => {
    const app = await startApp({ database: 'memory' })
    expectProblem(await app.inject({ method: 'GET', url }), 400, 'malformed_request')
  })

  test('and a well-encoded one is read', async () => {
    const app = await startApp({ database: 'memory' })
    await send(app, 'POST', '/tasks', { title: 'x', labels: ['é 100% +&', '漢'] })
    const answer = await send(app, 'GET', '/tasks?label=%C3%A9+100%25%20%2B%26&label=%E6%BC%A2')
    expect(answer.json()).toHaveLength(1)
  })
})
