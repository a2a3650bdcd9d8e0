import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import { startApp } from '../start-app.ts'
import { create, expectInvalid, expectProblem, get, list, send } from './requests.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const START = Date.parse('2026-03-01T09:00:00.000Z')

/** A service whose clock stands still until the test moves it. */
const startAt = async (start = START): Promise<{ app: App; pass: (ms: number) => string }> => {
  let now = start
  const app = await startApp({ database: 'memory', now: () => now })
  const pass = (ms: number): string => {
    now += ms
    return new Date(now).toISOString()
  }
  return { app, pass }
}

describe('creating a task', () => {
  test('answers 201 with the task, its place and its ETag', async () => {
    const { app } = await startAt()
    const answer = await send(app, 'POST', '/tasks', { title: 'Write the report' })
    expect(answer.statusCode).toBe(201)
    const task = answer.json()
    expect(task).toEqual({
      id: expect.stringMatching(UUID_V7),
      title: 'Write the report',
      description: '',
      status: 'pending',
      priority: 'medium',
      labels: [],
      due_at: null,
      created_at: '2026-03-01T09:00:00.000Z',
      updated_at: '2026-03-01T09:00:00.000Z',
      completed_at: null,
      external_reference_id: null,
      external_url: null,
      version: 1,
    })
    expect(answer.headers).toMatchObject({
      location: `/tasks/${task.id}`,
      etag: '"1"',
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(answer.body)),
    })
    expect(answer.headers['idempotent-replayed']).toBeUndefined()
    expect((await send(app, 'GET', String(answer.headers.location))).body).toBe(answer.body)
  })

  test('takes every field that a client may set', async () => {
    const app = await startApp({ database: 'memory' })
    const draft = {
      title: 'All of it',
      description: ' kept as given \n',
      status: 'in_progress',
      priority: 'high',
      labels: ['b', 'a'],
      due_at: '2026-03-06T12:00:00.000Z',
      external_reference_id: '4711',
    }
    expect(await create(app, draft)).toMatchObject({ ...draft, completed_at: null })
  })

  test('sets completed_at for a task that is created completed', async () => {
    const { app } = await startAt()
    expect(await create(app, { title: 'Done', status: 'completed' })).toMatchObject({
      status: 'completed',
      completed_at: '2026-03-01T09:00:00.000Z',
      external_url: null,
      version: 1,
    })
  })

  test('trims the title alone, keeps the order of labels and drops their repeats', async () => {
    const app = await startApp({ database: 'memory' })
    const draft = {
      title: ' \t\n a  b \n',
      description: '  x  ',
      labels: ['z', ' a ', 'z', 'A', 'a', 'A'],
    }
    expect(await create(app, draft)).toMatchObject({
      title: 'a  b',
      description: '  x  ',
      labels: ['z', ' a ', 'A', 'a'],
    })
  })

  test.each([
    ['2026-03-06T13:00:00+01:00', '2026-03-06T12:00:00.000Z'],
    ['2026-03-06T00:30:00-23:59', '2026-03-07T00:29:00.000Z'],
    ['2026-03-06t12:00:00z', '2026-03-06T12:00:00.000Z'],
    ['2026-03-06T12:00:00.1239Z', '2026-03-06T12:00:00.123Z'],
    ['2024-02-29T12:00:00-00:00', '2024-02-29T12:00:00.000Z'],
    [null, null],
  ])('takes due_at %s as %s', async (given, kept) => {
    const app = await startApp({ database: 'memory' })
    expect((await create(app, { title: 'Due', due_at: given })).due_at).toBe(kept)
  })

  test.each([
    ['id', '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'],
    ['version', 1],
    ['created_at', '2026-03-01T09:00:00.000Z'],
    ['updated_at', '2026-03-01T09:00:00.000Z'],
    ['completed_at', null],
  ])('refuses %s, which is ours', async (field, value) => {
    const { app } = await startAt()
    expect(
      expectInvalid(await send(app, 'POST', '/tasks', { title: 'Mine', [field]: value })),
    ).toEqual([`#/${field}`])
    expect(await list(app)).toEqual([])
  })

  test('refuses a body without a title, and no body at all', async () => {
    const app = await startApp({ database: 'memory' })
    expect(expectInvalid(await send(app, 'POST', '/tasks', {}))).toEqual(['#/title'])
    for (const body of [null, [], 'title', 1, true])
      expectInvalid(await send(app, 'POST', '/tasks', body))
    expectInvalid(
      await app.inject({
        method: 'POST',
        url: '/tasks',
        headers: { 'content-type': 'application/json' },
      }),
    )
    expectInvalid(await app.inject({ method: 'POST', url: '/tasks' }))
  })
})

describe('reading a task', () => {
  test('GET answers it with its ETag, and HEAD the same without the body', async () => {
    const app = await startApp()
    const task = await create(app)
    const answer = await send(app, 'GET', `/tasks/${task.id}`)
    expect(answer.json()).toEqual(task)
    expect(answer.headers).toMatchObject({
      etag: '"1"',
      'content-type': 'application/json; charset=utf-8',
    })
    const head = await send(app, 'HEAD', `/tasks/${task.id}`)
    expect(head.statusCode).toBe(200)
    expect(head.body).toBe('')
    for (const name of ['etag', 'content-type', 'content-length'])
      expect(head.headers[name]).toBe(answer.headers[name])
  })

  test('the list is an array of all tasks, oldest first', async () => {
    const app = await startApp()
    expect((await send(app, 'GET', '/tasks')).body).toBe('[]')
    const tasks = [
      await create(app, { title: 'b' }),
      await create(app, { title: 'a' }),
      await create(app, { title: 'c' }),
    ]
    const answer = await send(app, 'GET', '/tasks')
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.json()).toEqual(tasks)
  })
})

describe('updating a task', () => {
  test.each(['PUT', 'PATCH'] as const)(
    '%s answers 200 with the task, its next version and ETag',
    async (method) => {
      const { app, pass } = await startAt()
      const task = await create(app, { title: 'Before', description: 'Kept' })
      const updated_at = pass(1500)
      const answer = await send(app, method, `/tasks/${task.id}`, {
        title: ' After ',
        priority: 'low',
      })
      expect(answer.statusCode).toBe(200)
      expect(answer.headers).toMatchObject({
        etag: '"2"',
        'content-type': 'application/json; charset=utf-8',
      })
      expect(answer.json()).toEqual({
        ...task,
        title: 'After',
        priority: 'low',
        updated_at,
        version: 2,
      })
      expect(await get(app, task.id)).toEqual(answer.json())
    },
  )

  test('never takes updated_at back when the clock goes back', async () => {
    const { app, pass } = await startAt()
    const task = await create(app)
    pass(-60_000)
    expect((await send(app, 'PUT', `/tasks/${task.id}`, { title: 'Later' })).json()).toMatchObject({
      updated_at: task.updated_at,
      version: 2,
    })
  })
})

describe('completing a task', () => {
  test('answers 200 with the completed task', async () => {
    const { app, pass } = await startAt()
    const task = await create(app)
    const at = pass(1000)
    const answer = await send(app, 'POST', `/tasks/${task.id}/complete`)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers.etag).toBe('"2"')
    expect(answer.json()).toEqual({
      ...task,
      status: 'completed',
      completed_at: at,
      updated_at: at,
      version: 2,
    })
  })

  test('twice changes nothing the second time', async () => {
    const { app, pass } = await startAt()
    const { id } = await create(app)
    const first = await send(app, 'POST', `/tasks/${id}/complete`)
    pass(1000)
    const second = await send(app, 'POST', `/tasks/${id}/complete`)
    expect([second.statusCode, second.body, second.headers.etag]).toEqual([200, first.body, '"2"'])
  })

  test('is undone by another status, which clears completed_at, and may be done again', async () => {
    const { app, pass } = await startAt()
    const { id } = await create(app, { title: 'Again', status: 'completed' })
    pass(1000)
    const reopened = (await send(app, 'PUT', `/tasks/${id}`, { status: 'in_progress' })).json()
    expect(reopened).toMatchObject({ status: 'in_progress', completed_at: null, version: 2 })
    const at = pass(1000)
    expect(
      (await send(app, 'PATCH', `/tasks/${id}`, { status: 'completed' })).json(),
    ).toMatchObject({
      completed_at: at,
      version: 3,
    })
    pass(1000)
    expect(
      (await send(app, 'PUT', `/tasks/${id}`, { title: 'Still completed' })).json(),
    ).toMatchObject({
      completed_at: at,
      version: 4,
    })
  })
})

describe('deleting a task', () => {
  test('answers 204 with nothing, and the task is gone', async () => {
    const app = await startApp({ database: 'memory' })
    const { id } = await create(app)
    const other = await create(app)
    const answer = await send(app, 'DELETE', `/tasks/${id}`)
    expect([answer.statusCode, answer.body, answer.headers['content-type']]).toEqual([
      204,
      '',
      undefined,
    ])
    expect(await list(app)).toEqual([other])
    await expectAbsent(app, id)
  })
})

test.each(['complete', 'delete'])(
  '%s takes a JSON content type with no body or an empty object',
  async (what) => {
    const app = await startApp({ database: 'memory' })
    for (const payload of [undefined, '', '{}']) {
      const { id } = await create(app)
      const [method, url] =
        what === 'delete'
          ? (['DELETE', `/tasks/${id}`] as const)
          : (['POST', `/tasks/${id}/complete`] as const)
      const headers = { 'content-type': 'application/json' }
      expectInvalid(await app.inject({ method, url, headers, payload: '{"force":true}' }))
      const answer = await app.inject({
        method,
        url,
        headers,
        ...(payload !== undefined && { payload }),
      })
      expect(answer.statusCode, answer.body).toBe(what === 'delete' ? 204 : 200)
    }
  },
)

test.each([
  '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e',
  '1',
  'not-a-uuid',
  '%00',
  "'%20OR%201=1",
  '%F0%9F%98%80',
])('a task with the id %s is nowhere', async (id) => {
  await expectAbsent(await startApp({ database: 'memory' }), id)
})

test.each([36, 37, 256, 257, 2000])(
  'an id of %d characters is 404 as any other that is nowhere',
  async (length) => {
    const app = await startApp({ database: 'memory' })
    const id = 'x'.repeat(length)
    const answers = [
      await send(app, 'GET', `/tasks/${id}`),
      await send(app, 'DELETE', `/tasks/${id}`),
    ]
    answers.push(
      await send(app, 'POST', `/tasks/${id}/complete`),
      await send(app, 'GET', `/tasks/${id}/events`),
    )
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404, 404])
  },
)

test('an id is accepted in upper case by every call, as clients with a type for UUIDs send it', async () => {
  const app = await startApp({ database: 'memory' })
  const { id } = await create(app)
  const upper = id.toUpperCase()
  const update = { op: 'update', id: upper, task: { title: 'By batch', id: upper } }
  const answers = [
    await send(app, 'GET', `/tasks/${upper}`),
    await send(app, 'PUT', `/tasks/${upper}`, { title: 'By PUT', id: upper }),
    await send(app, 'PATCH', `/tasks/${upper}`, { title: 'By PATCH' }),
    await send(app, 'POST', '/tasks/batch', {
      operations: [update, { op: 'complete', id: upper }],
    }),
    await send(app, 'POST', `/tasks/${upper}/complete`),
    await send(app, 'GET', `/tasks/${upper}/events`),
    await send(app, 'DELETE', `/tasks/${upper}`),
  ]
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200, 200, 204])
  await expectAbsent(app, id)
})

test('an operation of a batch on a malformed id is 404, and the others run', async () => {
  const app = await startApp({ database: 'memory' })
  const { id } = await create(app)
  const operations = ['nonsense', id].map((one) => ({ op: 'complete', id: one }))
  const answer = await send(app, 'POST', '/tasks/batch', { operations })
  expect(answer.statusCode).toBe(207)
  expect(answer.json().results.map(({ status }: { status: number }) => status)).toEqual([404, 200])
})

const expectAbsent = async (app: App, id: string): Promise<void> => {
  const tries = [
    send(app, 'GET', `/tasks/${id}`),
    send(app, 'PUT', `/tasks/${id}`, { title: 'x' }),
    send(app, 'PUT', `/tasks/${id}`, {}),
    send(app, 'PATCH', `/tasks/${id}`, { title: 'x' }),
    send(app, 'DELETE', `/tasks/${id}`),
    send(app, 'POST', `/tasks/${id}/complete`),
  ]
  for (const answer of await Promise.all(tries)) expectProblem(answer, 404, 'not_found')
  expect((await send(app, 'HEAD', `/tasks/${id}`)).statusCode).toBe(404)
}
