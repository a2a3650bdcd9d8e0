import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import type { Task } from '#src/task/task.ts'
import { startApp } from '../start-app.ts'
import {
  create,
  expectInvalid,
  expectProblem,
  get,
  list,
  type ProblemBody,
  send,
} from './requests.ts'

interface Result {
  readonly status: number
  readonly task?: Task
  readonly error?: ProblemBody
}

const batch = (app: App, operations: unknown, headers = {}) =>
  send(app, 'POST', '/tasks/batch', { operations }, headers)

const results = async (
  app: App,
  status: number,
  operations: readonly object[],
  headers = {},
): Promise<Result[]> => {
  const answer = await batch(app, operations, headers)
  expect(answer.statusCode, answer.body.slice(0, 500)).toBe(status)
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  const body = answer.json<{ results: Result[] }>()
  expect(Object.keys(body)).toEqual(['results'])
  expect(body.results).toHaveLength(operations.length)
  return body.results
}

const ABSENT = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'
const creates = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ op: 'create', task: { title: `Task ${index}` } }))

test('carries out operations of every kind and tells of each: 200', async () => {
  const app = await startApp()
  const [a, b, c] = [await create(app), await create(app), await create(app)]
  const answers = await results(app, 200, [
    { op: 'create', task: { title: ' New ', priority: 'high' } },
    { op: 'update', id: a.id, task: { title: 'Updated' } },
    { op: 'complete', id: b.id },
    { op: 'delete', id: c.id },
    { op: 'update', id: a.id, task: {} },
  ])
  expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 204, 200])
  expect(answers[0]?.task).toMatchObject({ title: 'New', priority: 'high', version: 1 })
  expect(answers[3]).toEqual({ status: 204 })
  expect(await list(app)).toEqual([answers[1]?.task, answers[2]?.task, answers[0]?.task])
  expect(answers[2]?.task).toMatchObject({ status: 'completed', version: 2 })
  expect(answers[4]?.task).toEqual(answers[1]?.task)
})

test('is 207 where some operations failed, each with its problem, and the others are done', async () => {
  const app = await startApp()
  const task = await create(app)
  const answer = await batch(app, [
    { op: 'complete', id: ABSENT },
    { op: 'create', task: { title: 'Made all the same' } },
    { op: 'update', id: task.id, task: { version: 7 } },
    { op: 'delete', id: 'malformed' },
    { op: 'update', id: task.id, if_match: '"9"', task: { title: 'x' } },
  ])
  expect(answer.statusCode).toBe(207)
  const told = answer.json<{ results: Result[] }>().results
  expect(told.map(({ status }) => status)).toEqual([404, 201, 422, 404, 412])
  for (const { status, error, task: made } of told.filter((one) => one.error !== undefined)) {
    expect(made).toBeUndefined()
    expect(error).toMatchObject({ status, type: 'about:blank', instance: '/tasks/batch' })
    expect(error?.request_id).toBe(answer.headers['x-request-id'])
    expect([error?.title, error?.detail]).not.toContain('')
  }
  expect(told.map(({ error }) => error?.code)).toEqual([
    'not_found',
    undefined,
    'invalid_input',
    'not_found',
    'version_mismatch',
  ])
  expect(told[2]?.error?.errors?.[0]?.pointer).toMatch(/version$/)
  expect(await list(app)).toEqual([task, told[1]?.task])
})

test('keeps the order of the operations on one task', async () => {
  const app = await startApp()
  const tasks = [await create(app), await create(app), await create(app)]
  const steps = (id: string): object[] => [
    { op: 'update', id, task: { title: '1' } },
    { op: 'complete', id },
    { op: 'update', id, if_match: '"3"', task: { title: '2', status: 'pending' } },
    { op: 'update', id, if_match: '"3"', task: { title: 'lost' } },
    { op: 'delete', id },
    { op: 'complete', id },
  ]
  const lists = tasks.map(({ id }) => steps(id))
  const mixed = Array.from({ length: 6 }, (_, index) => lists.map((one) => one[index] ?? {})).flat()
  const statuses = (await results(app, 207, mixed)).map(({ status }) => status)
  expect(statuses).toEqual(
    [200, 200, 200, 412, 204, 404].flatMap((status) => [status, status, status]),
  )
  for (const { id } of tasks) {
    const events = (await send(app, 'GET', `/tasks/${id}/events`)).json<{ type: string }[]>()
    expect(events.map(({ type }) => type.replace('task.', ''))).toEqual([
      'created',
      'updated',
      'completed',
      'reopened',
      'deleted',
    ])
  }
})

test('honours if_match in the forms of If-Match', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const update = (title: string, if_match: string) => ({
    op: 'update',
    id,
    if_match,
    task: { title },
  })
  const fields = ['"1"', '*', '"1", W/"3"', 'W/"3"', '"3"']
  const told = await results(
    app,
    207,
    fields.map((field, index) => update(`step ${index}`, field)),
  )
  expect(told.map(({ status }) => status)).toEqual([200, 200, 200, 412, 412])
  const rest = await results(app, 207, [
    { op: 'complete', id, if_match: '"1"' },
    { op: 'delete', id, if_match: '"3"' },
    { op: 'complete', id, if_match: '"4"' },
    { op: 'delete', id, if_match: '"5"' },
  ])
  expect(rest.map(({ status }) => status)).toEqual([412, 412, 200, 204])
})

test('takes 1,000 operations, in their order, and no more', async () => {
  const app = await startApp()
  const told = await results(app, 200, creates(1000))
  expect(told.map(({ task }) => task?.title)).toEqual(
    Array.from({ length: 1000 }, (_, index) => `Task ${index}`),
  )
  expect(await list(app)).toEqual(told.map(({ task }) => task))
  expect(expectInvalid(await batch(app, creates(1001)))).toEqual(['#/operations'])
  expect(await list(app)).toHaveLength(1000)
})

describe('one operation that is invalid refuses the whole', () => {
  test.each<[string, unknown, string]>([
    ['an empty title', { op: 'create', task: { title: '' } }, '/task/title'],
    ['no title', { op: 'create', task: {} }, '/task/title'],
    ['no task', { op: 'create' }, '/task'],
    ['a title of the wrong type', { op: 'create', task: { title: 5 } }, '/task/title'],
    ['an unknown field', { op: 'create', task: { title: 'x', done: true } }, '/task/done'],
    ['a field of ours', { op: 'create', task: { title: 'x', id: ABSENT } }, '/task/id'],
    [
      'a bad date',
      { op: 'create', task: { title: 'x', due_at: '2025-02-30T00:00:00Z' } },
      '/task/due_at',
    ],
    ['a bad label', { op: 'create', task: { title: 'x', labels: ['ok', ''] } }, '/task/labels/1'],
    [
      'a lone surrogate',
      { op: 'create', task: { title: 'x', description: '\ud800' } },
      '/task/description',
    ],
    ['an id on create', { op: 'create', id: ABSENT, task: { title: 'x' } }, '/id'],
    ['no id', { op: 'update', task: {} }, '/id'],
    ['an id of the wrong type', { op: 'complete', id: 5 }, '/id'],
    ['a null in a patch', { op: 'update', id: ABSENT, task: { title: null } }, '/task/title'],
    ['a task on delete', { op: 'delete', id: ABSENT, task: {} }, '/task'],
    ['an if_match of the wrong type', { op: 'delete', id: ABSENT, if_match: 1 }, '/if_match'],
    ['an if_match without quotes', { op: 'delete', id: ABSENT, if_match: '1' }, '/if_match'],
    ['an if_match with half a tag', { op: 'complete', id: ABSENT, if_match: '"1' }, '/if_match'],
    ['an empty if_match', { op: 'update', id: ABSENT, if_match: '', task: {} }, '/if_match'],
    ['an unknown op', { op: 'upsert', id: ABSENT }, '/op'],
    ['an op from the prototype', { op: 'constructor' }, '/op'],
    ['no op', { task: { title: 'x' } }, '/op'],
    ['null', null, ''],
    ['a string', 'create', ''],
    ['an array', [], '/op'],
  ])('%s', async (_, operation, pointer) => {
    const app = await startApp()
    const task = await create(app)
    const operations = [{ op: 'delete', id: task.id }, ...creates(2), operation, ...creates(1)]
    const pointers = expectInvalid(await batch(app, operations))
    expect(pointers.every((one) => one.startsWith('#/operations/3'))).toBe(true)
    expect(pointers).toContain(`#/operations/3${pointer}`)
    expect(await list(app)).toEqual([task])
  })

  test.each([1, 7, 8, 9, 100])('also where it has %d unknown fields', async (count) => {
    const app = await startApp()
    const task = await create(app)
    const unknown = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`field${index}`, 1]),
    )
    for (const operation of [
      { op: 'create', task: { title: 'x', ...unknown } },
      { op: 'create', task: { ...unknown, title: 5 } },
      { op: 'create', task: { ...unknown, title: 'x', description: '\u0000' } },
      { op: 'update', id: task.id, task: unknown },
      { op: 'complete', id: task.id, ...unknown },
    ]) {
      const answer = await batch(app, [operation])
      expect(answer.statusCode, answer.body.slice(0, 300)).toBe(422)
      for (const pointer of expectInvalid(answer)) expect(pointer).toMatch(/^#\/operations\/0\//)
    }
    expect(await list(app)).toEqual([task])
  })

  test('names each operation that is wrong, but not thousands', async () => {
    const app = await startApp({ database: 'memory' })
    const wrong = { op: 'create', task: { title: '' } }
    expect(expectInvalid(await batch(app, [wrong, ...creates(1), wrong]))).toEqual([
      '#/operations/0/task/title',
      '#/operations/2/task/title',
    ])
    const answer = await batch(
      app,
      Array.from({ length: 1000 }, () => wrong),
    )
    expect(expectInvalid(answer).length).toBeLessThan(100)
  })

  test.each<[unknown]>([
    [undefined],
    [null],
    [{}],
    [[]],
    [{ operations: null }],
    [{ operations: {} }],
    [{ operations: [], x: 1 }],
  ])('and so does the frame %j', async (body) => {
    expectInvalid(await send(await startApp({ database: 'memory' }), 'POST', '/tasks/batch', body))
  })
})

describe('with an Idempotency-Key', () => {
  test('a retry repeats nothing: what it created is as at first, what it changed as it is now', async () => {
    const app = await startApp()
    const [a, b, c] = [await create(app), await create(app), await create(app)]
    const operations = [
      ...creates(3),
      { op: 'update', id: a.id, if_match: '"1"', task: { title: 'x' } },
      { op: 'complete', id: b.id },
      { op: 'delete', id: c.id },
    ]
    const key = { 'idempotency-key': 'k' }
    const first = await batch(app, operations, key)
    expect([first.statusCode, first.headers['idempotent-replayed']]).toEqual([200, undefined])
    const before = await list(app)
    const at = (answer: typeof first) => answer.json<{ results: Result[] }>().results
    await send(app, 'PUT', `/tasks/${at(first)[0]?.task?.id}`, { title: 'since' })
    await send(app, 'PUT', `/tasks/${b.id}`, { status: 'pending' })
    const retry = await batch(app, operations, key)
    expect([retry.statusCode, retry.headers['idempotent-replayed']]).toEqual([200, 'true'])
    const now = [
      ...at(first).slice(0, 4),
      { status: 200, task: await get(app, b.id) },
      { status: 204 },
    ]
    expect(at(retry)).toEqual(now)
    expect(await get(app, b.id)).toMatchObject({ status: 'pending', version: 3 })
    expect(await list(app)).toHaveLength(before.length)
  })

  test('a retry answers 404 for a change of a task that was deleted since', async () => {
    const app = await startApp()
    const { id } = await create(app)
    const operations = [
      { op: 'complete', id },
      { op: 'delete', id },
    ]
    const key = { 'idempotency-key': 'k' }
    await results(app, 200, operations, key)
    const answer = await batch(app, operations, key)
    expect([answer.statusCode, answer.headers['idempotent-replayed']]).toEqual([207, undefined])
    const [completed, deleted] = answer.json<{ results: Result[] }>().results
    expect(completed).toMatchObject({ status: 404, error: { code: 'not_found' } })
    expect(deleted).toEqual({ status: 204 })
  })

  test('a retry tries again what failed and repeats nothing of what went well', async () => {
    const app = await startApp()
    const key = { 'idempotency-key': 'k' }
    const operations = [...creates(2), { op: 'complete', id: ABSENT }]
    const first = await results(app, 207, operations, key)
    const retry = await results(app, 207, operations, key)
    expect(retry.map(({ status, task }) => [status, task])).toEqual(
      first.map(({ status, task }) => [status, task]),
    )
    expect(await list(app)).toHaveLength(2)
  })

  test('the same key with another body is 422 and nothing is written', async () => {
    const app = await startApp()
    const key = { 'idempotency-key': 'k' }
    await results(app, 200, creates(2), key)
    for (const operations of [
      creates(3),
      creates(1),
      creates(2).reverse(),
      [{ op: 'create', task: { title: 'x' } }],
    ]) {
      expectProblem(await batch(app, operations, key), 422, 'idempotency_key_reused')
    }
    expectProblem(
      await send(app, 'POST', '/tasks', { title: 'Task 0' }, key),
      422,
      'idempotency_key_reused',
    )
    expect(await list(app)).toHaveLength(2)
  })

  test('twins that race make each task once and are told the same', async () => {
    const app = await startApp()
    const twins = await Promise.all(
      Array.from({ length: 10 }, () => batch(app, creates(20), { 'idempotency-key': 'k' })),
    )
    expect(new Set(twins.map(({ body }) => body)).size).toBe(1)
    expect(await list(app)).toHaveLength(20)
  })
})

describe('the size of a body', () => {
  const MIB = 1024 * 1024
  const padded = (body: object, size: number): string => JSON.stringify(body).padEnd(size, ' ')
  const headers = { 'content-type': 'application/json' }

  test('is up to 8 MiB for a batch, and 413 above', async () => {
    const app = await startApp()
    const post = (payload: string) =>
      app.inject({ method: 'POST', url: '/tasks/batch', headers, payload })
    const description = 'd'.repeat(65_536)
    const operations = Array.from({ length: 120 }, () => ({
      op: 'create',
      task: { title: 'Big', description },
    }))
    const answer = await post(padded({ operations }, 8 * MIB))
    expect(answer.statusCode, answer.body.slice(0, 500)).toBe(200)
    expectProblem(await post(padded({ operations }, 8 * MIB + 1)), 413, 'body_too_large')
    expect(await list(app, '?limit=1000')).toHaveLength(120)
  })

  test('is up to 1 MiB for all others, and 413 above', async () => {
    const app = await startApp()
    const { id } = await create(app)
    for (const [method, url] of [
      ['POST', '/tasks'],
      ['PUT', `/tasks/${id}`],
      ['PATCH', `/tasks/${id}`],
    ] as const) {
      const ask = (payload: string) => app.inject({ method, url, headers, payload })
      expect((await ask(padded({ title: 'x' }, MIB))).statusCode).toBe(
        method === 'POST' ? 201 : 200,
      )
      expectProblem(await ask(padded({ title: 'x' }, MIB + 1)), 413, 'body_too_large')
    }
    const complete = await app.inject({
      method: 'POST',
      url: `/tasks/${id}/complete`,
      headers,
      payload: padded({}, MIB + 1),
    })
    expectProblem(complete, 413, 'body_too_large')
  })
})
