import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { startApp } from '../start-app.ts'
import { create, expectInvalid, expectProblem, get, list, send } from './requests.ts'

const DAY = 24 * 60 * 60 * 1000
const START = Date.parse('2026-03-01T09:00:00Z')
const key = (value: string) => ({ 'idempotency-key': value })

test('a retry is answered byte for byte, and says so', async () => {
  let now = START
  const app = await startApp({ now: () => now })
  const draft = { title: 'Once 🙂', labels: ['a'], due_at: '2026-03-06T13:00:00+01:00' }
  const first = await send(app, 'POST', '/tasks', draft, key('k'))
  expect(first.statusCode).toBe(201)
  expect(first.headers['idempotent-replayed']).toBeUndefined()
  now += 5000
  const retry = await send(app, 'POST', '/tasks', draft, key('k'))
  expect([retry.statusCode, retry.body]).toEqual([201, first.body])
  expect(retry.headers['idempotent-replayed']).toBe('true')
  for (const name of ['location', 'etag', 'content-type'])
    expect(retry.headers[name]).toBe(first.headers[name])
  expect(await list(app)).toEqual([first.json()])
})

test('a retry is answered as the first try was, whatever became of the task since', async () => {
  const app = await startApp()
  const first = await send(app, 'POST', '/tasks', { title: 'Original' }, key('k'))
  const { id } = first.json<Task>()
  const retry = () => send(app, 'POST', '/tasks', { title: 'Original' }, key('k'))

  await send(app, 'PUT', `/tasks/${id}`, { title: 'Changed' })
  await send(app, 'POST', `/tasks/${id}/complete`)
  expect((await retry()).body).toBe(first.body)
  expect((await retry()).headers).toMatchObject({ etag: '"1"', 'idempotent-replayed': 'true' })
  expect(await get(app, id)).toMatchObject({ title: 'Changed', version: 3 })

  await send(app, 'DELETE', `/tasks/${id}`)
  const afterwards = await retry()
  expect([afterwards.statusCode, afterwards.body]).toEqual([201, first.body])
  expect(await list(app)).toEqual([])
})

test('a retry is answered byte for byte, whatever became of the task', async () => {
  const app = await startApp()
  const first = await send(app, 'POST', '/tasks', { title: 'Mirrored' }, key('k'))
  const { id } = first.json<Task>()
  await send(app, 'PUT', `/tasks/${id}`, { external_reference_id: '4711', description: 'x' })
  const retry = await send(app, 'POST', '/tasks', { title: 'Mirrored' }, key('k'))
  expect([retry.body, retry.headers.etag]).toEqual([first.body, '"1"'])
})

test('the same key with another body is 422 and makes nothing', async () => {
  const app = await startApp()
  const task = await create(app, { title: 'One' }, key('k'))
  for (const draft of [
    { title: 'Two' },
    { title: 'One', priority: 'medium' },
    { title: 'One', labels: [] },
  ]) {
    expectProblem(await send(app, 'POST', '/tasks', draft, key('k')), 422, 'idempotency_key_reused')
  }
  expect(await list(app)).toEqual([task])
})

test('neither white space nor the order of the members makes another body', async () => {
  const app = await startApp()
  const first = await send(
    app,
    'POST',
    '/tasks',
    { title: 'T', priority: 'low', labels: ['a', 'b'] },
    key('k'),
  )
  const headers = { 'content-type': 'application/json; charset=utf-8', ...key('k') }
  const payload = ' {"labels" : [ "a", "\\u0062" ],\n"priority":"low", "title":"T"} '
  const retry = await app.inject({ method: 'POST', url: '/tasks', headers, payload })
  expect([retry.statusCode, retry.body]).toEqual([201, first.body])
  const other = { title: 'T', priority: 'low', labels: ['b', 'a'] }
  expectProblem(await send(app, 'POST', '/tasks', other, key('k')), 422, 'idempotency_key_reused')
})

test('without a key, equal requests make two tasks, and keys differ by case', async () => {
  const app = await startApp()
  for (const headers of [{}, {}, key('k'), key('K')]) await create(app, { title: 'Same' }, headers)
  expect(await list(app)).toHaveLength(4)
})

test('a key is kept for 24 hours and is new afterwards', async () => {
  let now = START
  const app = await startApp({ now: () => now })
  const first = await create(app, { title: 'T' }, key('k'))
  now = START + DAY - 1
  expect((await create(app, { title: 'T' }, key('k'))).id).toBe(first.id)
  expectProblem(
    await send(app, 'POST', '/tasks', { title: 'Other' }, key('k')),
    422,
    'idempotency_key_reused',
  )
  now = START + DAY + 1
  const next = await send(app, 'POST', '/tasks', { title: 'Other' }, key('k'))
  expect([next.statusCode, next.headers['idempotent-replayed']]).toEqual([201, undefined])
  expect((await create(app, { title: 'Other' }, key('k'))).id).toBe(next.json<Task>().id)
  expect(await list(app)).toHaveLength(2)
})

describe('a key', () => {
  test.each(['', 'k'.repeat(201), 'clé', 'a\tb', 'a\u0000b', '🔑', 'a\u007f'])(
    '%j is refused',
    async (value) => {
      const app = await startApp()
      expectInvalid(await send(app, 'POST', '/tasks', { title: 'T' }, key(value)))
      expectInvalid(
        await send(
          app,
          'POST',
          '/tasks/batch',
          { operations: [{ op: 'create', task: { title: 'T' } }] },
          key(value),
        ),
      )
      expect(await list(app)).toEqual([])
    },
  )

  test.each([
    'k',
    'k'.repeat(200),
    '"quoted"',
    "' OR 1=1 --",
    '8e03978e-40d5-43dd-bc93-6894a57f9324',
    '__proto__',
  ])('%j is taken', async (value) => {
    const app = await startApp()
    const first = await create(app, { title: 'T' }, key(value))
    expect(await create(app, { title: 'T' }, key(value))).toEqual(first)
  })

  test('is not used up by a request that was refused', async () => {
    const app = await startApp()
    expectInvalid(await send(app, 'POST', '/tasks', { title: '' }, key('k')))
    await create(app, { title: 'Now right' }, key('k'))
    expect(await list(app)).toHaveLength(1)
  })

  test('of a single create is another request in a batch', async () => {
    const app = await startApp()
    await create(app, { title: 'T' }, key('k'))
    const operations = [{ op: 'create', task: { title: 'T' } }]
    expectProblem(
      await send(app, 'POST', '/tasks/batch', { operations }, key('k')),
      422,
      'idempotency_key_reused',
    )
    expect(await list(app)).toHaveLength(1)
  })

  test('that looks like the key of a part of a batch does not touch the batch', async () => {
    const app = await startApp()
    await create(app, { title: 'Single' }, key('k#0'))
    const operations = [{ op: 'create', task: { title: 'Part' } }]
    const answer = await send(app, 'POST', '/tasks/batch', { operations }, key('k'))
    expect(answer.statusCode, answer.body).toBe(200)
    expect(await list(app)).toHaveLength(2)
  })
})

test('50 concurrent POSTs with one key make one task and get 50 equal answers', async () => {
  const app = await startApp()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => send(app, 'POST', '/tasks', { title: 'Raced' }, key('race'))),
  )
  expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1)
  expect(answers[0]?.statusCode).toBe(201)
  expect(
    answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined),
  ).toHaveLength(1)
  expect(await list(app)).toEqual([answers[0]?.json()])
})

test('of twins with one key and different bodies one creates and the others are refused', async () => {
  const app = await startApp()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      send(app, 'POST', '/tasks', { title: `Twin ${index}` }, key('race')),
    ),
  )
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([
    201,
    ...Array.from({ length: 19 }, () => 422),
  ])
  expect(await list(app)).toHaveLength(1)
})

const post = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  title: fc.constantFrom('x', 'y'),
  /** What passes before it is sent: an hour, or most of a day. */
  wait: fc.constantFrom(0, 3_600_000, 0.7 * DAY),
})

test('any run of posts makes what the model of remembered keys makes', async () => {
  let now = START
  const app = await startApp({ now: () => now })
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.array(post, { minLength: 1, maxLength: 12 }), async (posts) => {
      now += 2 * DAY
      const known = new Map<string, { title: string; body: string; at: number }>()
      for (const { key: name, title, wait } of posts) {
        now += wait
        const answer = await send(
          app,
          'POST',
          '/tasks',
          { title },
          name === undefined ? {} : key(name),
        )
        const record = name === undefined ? undefined : known.get(name)
        if (record !== undefined && now - record.at < DAY) {
          if (record.title === title) expect(answer.body).toBe(record.body)
          else expectProblem(answer, 422, 'idempotency_key_reused')
          continue
        }
        expect([answer.statusCode, answer.headers['idempotent-replayed']]).toEqual([201, undefined])
        count += 1
        if (name !== undefined) known.set(name, { title, body: answer.body, at: now })
      }
      expect(await list(app)).toHaveLength(count)
    }),
    { numRuns: 40 },
  )
})
