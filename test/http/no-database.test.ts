import { expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { expectInvalid, expectProblem, send } from './requests.ts'

const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

test.each([
  ['POST', '/tasks', { title: 'x' }, {}],
  ['POST', '/tasks', { title: 'x' }, { 'idempotency-key': 'k' }],
  ['GET', `/tasks/${ID}`, undefined, {}],
  ['GET', `/tasks/${ID}`, undefined, { 'if-none-match': '*' }],
  ['PUT', `/tasks/${ID}`, { title: 'x' }, {}],
  ['PUT', `/tasks/${ID}`, {}, { 'if-match': '"1"' }],
  ['PATCH', `/tasks/${ID}`, { title: 'x' }, {}],
  ['DELETE', `/tasks/${ID}`, undefined, {}],
  ['POST', `/tasks/${ID}/complete`, undefined, {}],
  ['GET', `/tasks/${ID}/events`, undefined, {}],
  ['POST', '/tasks/batch', { operations: [{ op: 'create', task: { title: 'x' } }] }, {}],
  [
    'POST',
    '/tasks/batch',
    { operations: [{ op: 'create', task: { title: 'x' } }] },
    { 'idempotency-key': 'k' },
  ],
] as const)('%s %s is 503 without a database', async (method, url, body, headers) => {
  const app = await startApp({ database: 'none' })
  const problem = expectProblem(
    await send(app, method, url, body, headers),
    503,
    'database_not_configured',
  )
  expect(problem.detail).toBe('Database not configured')
})

test('the list is empty, in every form', async () => {
  const app = await startApp({ database: 'none' })
  for (const query of ['', '?limit=10', '?q=word', '?status=pending&sort=-due_at', '?label=a']) {
    const answer = await send(app, 'GET', `/tasks${query}`)
    expect([answer.statusCode, answer.body, answer.headers.link]).toEqual([200, '[]', undefined])
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  }
  const head = await send(app, 'HEAD', '/tasks')
  expect([head.statusCode, head.body]).toEqual([200, ''])
  expectInvalid(await send(app, 'GET', '/tasks?limit=0'))
})

test('the service is alive and ready, with a note', async () => {
  const app = await startApp({ database: 'none' })
  expect((await send(app, 'GET', '/livez')).json()).toEqual({ status: 'ok' })
  const ready = await send(app, 'GET', '/readyz')
  expect([ready.statusCode, ready.json()]).toEqual([
    200,
    { status: 'ok', note: 'Database not configured' },
  ])
})

test('the document, the docs and the metrics are there', async () => {
  const app = await startApp({ database: 'none' })
  for (const url of ['/openapi.json', '/docs/', '/metrics'])
    expect((await send(app, 'GET', url)).statusCode).toBe(200)
})
