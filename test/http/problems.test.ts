import pino from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AppError } from '#src/core/errors.ts'
import type { Repository } from '#src/core/repository.ts'
import { buildApp } from '#src/http/app.ts'
import type { App } from '#src/http/typed-app.ts'
import { createUnconfiguredRepository } from '#src/repository/unconfigured.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { startApp, startServer } from '../start-app.ts'
import { create, expectProblem, list, send } from './requests.ts'

const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

/** A service whose every read and write fails. */
const startFailing = async (error: () => Error, lines: string[] = []): Promise<App> => {
  const fail = async (): Promise<never> => {
    throw error()
  }
  const repository: Repository = {
    ...createUnconfiguredRepository(),
    tasks: {
      get: fail,
      maxId: fail,
      list: fail,
      history: fail,
      create: fail,
      change: fail,
      reserveKey: fail,
    },
    ping: fail,
    close: async () => {},
  }
  const service = createTaskService({ table: TASK, repository, newId: () => ID })
  const writeRequest = (line: string): void => void lines.push(line)
  const logger = pino({ level: 'info' }, { write: writeRequest })
  const app = await buildApp({
    service,
    table: TASK,
    logger,
    writeRequest,
    version: '0.0.0-test',
    eventLag: () => 0,
    isDraining: () => false,
  })
  onTestFinished(() => app.close())
  return app
}

const EVERY_REQUEST = [
  ['POST', '/tasks', { title: 'x' }],
  ['GET', '/tasks', undefined],
  ['GET', '/tasks?limit=5', undefined],
  ['GET', '/tasks?q=x', undefined],
  ['GET', `/tasks/${ID}`, undefined],
  ['PUT', `/tasks/${ID}`, { title: 'x' }],
  ['PATCH', `/tasks/${ID}`, { title: 'x' }],
  ['DELETE', `/tasks/${ID}`, undefined],
  ['POST', `/tasks/${ID}/complete`, undefined],
  ['GET', `/tasks/${ID}/events`, undefined],
  ['POST', '/tasks/batch', { operations: [{ op: 'complete', id: ID }] }],
  ['GET', '/readyz', undefined],
] as const

describe.each(EVERY_REQUEST)('%s %s', (method, url, body) => {
  test('tells a fault of ours as a 500 without any internal message, and logs it under the request id', async () => {
    const lines: string[] = []
    const app = await startFailing(
      () => Object.assign(new Error('secret'), { code: 'SECRET', statusCode: 418 }),
      lines,
    )
    const answer = await send(app, method, url, body, { 'x-request-id': 'find-me' })
    const problem = expectProblem(answer, 500, 'internal_error')
    expect(problem).toMatchObject({
      title: 'Internal Server Error',
      instance: url.split('?')[0],
      request_id: 'find-me',
    })
    expect(answer.body + JSON.stringify(answer.headers)).not.toMatch(
      /secret|at .*\.js|node_modules/i,
    )
    expect(lines.some((line) => line.includes('find-me') && line.includes('secret'))).toBe(true)
  })

  test('tells a database that does not answer as a 503 with Retry-After', async () => {
    const cause = new Error('secret')
    const app = await startFailing(
      () => new AppError('database_unavailable', 'The database does not answer', { cause }),
    )
    const answer = await send(app, method, url, body)
    expectProblem(answer, 503, 'database_unavailable')
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.body).not.toContain('secret')
    expect((await send(app, 'GET', '/livez')).statusCode).toBe(200)
  })
})

test('a part of a batch that fails by a fault of ours tells nothing internal', async () => {
  const lines: string[] = []
  const app = await startFailing(() => new Error('secret'), lines)
  const answer = await send(
    app,
    'POST',
    '/tasks/batch',
    { operations: [{ op: 'complete', id: ID }] },
    { 'idempotency-key': 'k' },
  )
  expectProblem(answer, 500, 'internal_error')
  expect(answer.body).not.toContain('secret')
})

test('a path that does not exist is 404', async () => {
  const app = await startApp({ database: 'memory' })
  for (const url of [
    '/nowhere',
    '/docs/nowhere',
    '/docs/static/nowhere.css',
    '/tasks//',
    '/tasks//complete',
    '/Tasks',
    `/tasks/${ID}/nothing`,
    '/tasks/1/complete/2',
  ]) {
    const problem = expectProblem(await send(app, 'GET', `${url}?x=1`), 404, 'route_not_found')
    expect(problem).toMatchObject({ title: 'Not Found', instance: url })
  }
})

test.each([
  ['DELETE', '/tasks', 'GET, HEAD, POST'],
  ['PUT', '/tasks', 'GET, HEAD, POST'],
  ['POST', `/tasks/${ID}`, 'DELETE, GET, HEAD, PATCH, PUT'],
  ['GET', `/tasks/${ID}/complete`, 'POST'],
  ['GET', '/tasks/batch', 'POST'],
  ['DELETE', `/tasks/${ID}/events`, 'GET, HEAD'],
  ['POST', '/livez', 'GET, HEAD'],
  ['POST', '/readyz', 'GET, HEAD'],
  ['DELETE', '/metrics', 'GET, HEAD'],
  ['PATCH', '/openapi.json', 'GET, HEAD'],
] as const)('%s %s is 405 with Allow: %s', async (method, url, allow) => {
  const app = await startApp({ database: 'memory' })
  const answers = [await send(app, method, url), await send(app, method, url, { title: 'x' })]
  for (const answer of answers) {
    expectProblem(answer, 405, 'method_not_allowed')
    expect(String(answer.headers.allow).split(', ').sort()).toEqual(allow.split(', '))
  }
})

test.each(['PROPFIND', 'SEARCH', 'LOCK'])(
  '%s, which no path takes, is 405 as well',
  async (method) => {
    const url = await startServer()
    const answer = await fetch(`${url}/tasks`, { method })
    const headers = Object.fromEntries(answer.headers)
    expectProblem(
      { statusCode: answer.status, headers, body: await answer.text() },
      405,
      'method_not_allowed',
    )
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST'])
  },
)

describe('a body in another form is 415', () => {
  test.each([
    [{ 'content-type': 'text/plain' }],
    [{ 'content-type': 'application/xml' }],
    [{ 'content-type': 'application/x-www-form-urlencoded' }],
    [{ 'content-type': 'multipart/form-data; boundary=x' }],
    [{ 'content-type': 'application/jsonlines' }],
    [{ 'content-type': 'application/octet-stream' }],
    [{ 'content-type': 'application/json; charset=latin1' }],
    [{ 'content-type': 'application/json;charset="utf-16"' }],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }],
    [{ 'content-type': 'application/json', 'content-encoding': 'br' }],
    [{}],
  ])('%j', async (headers: Record<string, string>) => {
    const app = await startApp({ database: 'memory' })
    const task = await create(app)
    const payload = Buffer.from('{"title":"x"}')
    const paths = [
      ['POST', '/tasks'],
      ['PUT', `/tasks/${task.id}`],
      ['PATCH', `/tasks/${task.id}`],
      ['POST', '/tasks/batch'],
    ] as const
    for (const [method, url] of paths)
      expectProblem(
        await app.inject({ method, url, headers, payload }),
        415,
        'unsupported_media_type',
      )
    expect(await list(app)).toEqual([task])
  })

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json ; charset=utf-8',
  ])('and %s is taken', async (type) => {
    const app = await startApp({ database: 'memory' })
    const answer = await app.inject({
      method: 'POST',
      url: '/tasks',
      headers: { 'content-type': type },
      payload: '{"title":"x"}',
    })
    expect(answer.statusCode, answer.body).toBe(201)
  })
})

test('a refusal names each place and what is expected there', async () => {
  const app = await startApp({ database: 'memory' })
  const body = { title: '', status: 'done', labels: ['a', 5], due_at: 'soon', 'odd/name~': 1 }
  const { errors = [], detail } = expectProblem(
    await send(app, 'POST', '/tasks', body),
    422,
    'invalid_input',
  )
  const details = Object.fromEntries(
    errors.map(({ pointer, detail: expected }) => [pointer, expected]),
  )
  expect(Object.keys(details).sort()).toEqual([
    '#/due_at',
    '#/labels/1',
    '#/odd~1name~0',
    '#/status',
    '#/title',
  ])
  expect(details['#/status']).toContain('pending, in_progress, completed')
  expect(details['#/due_at']).toContain('RFC 3339')
  expect(detail).not.toBe('')
})

describe('a request id', () => {
  test.each([
    'abc-123',
    'a',
    'x'.repeat(128),
    '8e03978e-40d5-43dd-bc93-6894a57f9324',
    'trace:1/2.3_4+5=@',
  ])('%s is taken', async (given) => {
    const app = await startApp({ database: 'memory' })
    const headers = { 'x-request-id': given }
    expect(
      (await send(app, 'POST', '/tasks', { title: 'x' }, headers)).headers['x-request-id'],
    ).toBe(given)
    expect(
      expectProblem(await send(app, 'GET', '/tasks/1', undefined, headers), 404, 'not_found')
        .request_id,
    ).toBe(given)
    expect(
      expectProblem(await send(app, 'GET', '/%zz', undefined, headers), 400, 'malformed_request')
        .request_id,
    ).toBe(given)
  })

  test.each(['', 'x'.repeat(129), 'a b', 'a\r\nb', '"', '💥'])('%j is replaced', async (given) => {
    const app = await startApp({ database: 'memory' })
    const answer = await send(app, 'GET', '/tasks', undefined, { 'x-request-id': given })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['x-request-id']).toMatch(/^[\w-]{4,}$/)
    expect(answer.headers['x-request-id']).not.toBe(given)
  })

  test('is made for each request that has none', async () => {
    const app = await startApp({ database: 'memory' })
    const ids = await Promise.all(
      Array.from(
        { length: 50 },
        async () => (await send(app, 'GET', '/livez')).headers['x-request-id'],
      ),
    )
    expect(new Set(ids).size).toBe(50)
  })

  test('is in the log, a line for each request', async () => {
    const lines: string[] = []
    const app = await startFailing(() => new AppError('not_found', 'No task has this id'), lines)
    await send(app, 'GET', `/tasks/${ID}`, undefined, { 'x-request-id': 'logged' })
    const entries = lines
      .map((line) => JSON.parse(line))
      .filter(({ request_id }) => request_id === 'logged')
    expect(entries).toEqual([
      expect.objectContaining({ method: 'GET', url: `/tasks/${ID}`, status: 404 }),
    ])
  })
})
