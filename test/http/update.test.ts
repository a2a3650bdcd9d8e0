import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { startApp } from '../start-app.ts'
import { create, expectInvalid, expectProblem, get, send } from './requests.ts'

const METHODS = ['PUT', 'PATCH'] as const
const FULL = {
  title: 'Title',
  description: 'Text',
  status: 'completed',
  priority: 'high',
  labels: ['a', 'b'],
  due_at: '2026-03-06T12:00:00.000Z',
  external_reference_id: '4711',
}

describe.each(METHODS)('%s', (method) => {
  test.each(Object.keys(FULL))('changes %s alone when it is there alone', async (field) => {
    const app = await startApp({ database: 'memory' })
    const task = await create(app, { title: 'Other' })
    const value = FULL[field as keyof typeof FULL]
    const changed = (await send(app, method, `/tasks/${task.id}`, { [field]: value })).json<Task>()
    const ours = { updated_at: changed.updated_at, completed_at: changed.completed_at, version: 2 }
    expect(changed).toEqual({ ...task, [field]: value, ...ours })
  })

  test('of an empty object is 200 and changes nothing', async () => {
    let now = 1_800_000_000_000
    const app = await startApp({ now: () => now++ })
    const task = await create(app, FULL)
    const answer = await send(app, method, `/tasks/${task.id}`, {})
    expect([answer.statusCode, answer.headers.etag, answer.json()]).toEqual([200, '"1"', task])
  })

  test('of what is already so changes nothing', async () => {
    const app = await startApp({ database: 'memory' })
    const task = await create(app, FULL)
    const same = {
      ...FULL,
      title: ' Title ',
      labels: ['a', 'b', 'a'],
      due_at: '2026-03-06T13:00:00+01:00',
    }
    expect((await send(app, method, `/tasks/${task.id}`, same)).json()).toEqual(task)
    expect((await send(app, 'GET', `/tasks/${task.id}/events`)).json()).toHaveLength(1)
  })

  test('takes back what GET gave, edited', async () => {
    const app = await startApp({ database: 'memory' })
    const { id } = await create(app, FULL)
    const task = await get(app, id)
    const answer = await send(app, method, `/tasks/${id}`, {
      ...task,
      title: 'Edited',
      labels: ['b', 'a'],
    })
    expect(answer.json()).toEqual({
      ...task,
      title: 'Edited',
      labels: ['b', 'a'],
      updated_at: answer.json<Task>().updated_at,
      version: 2,
    })
  })

  test('takes our own timestamps in another zone when they mean the same instant', async () => {
    const app = await startApp({ now: () => Date.parse('2026-03-01T09:00:00Z') })
    const { id } = await create(app)
    const answer = await send(app, method, `/tasks/${id}`, {
      title: 'x',
      created_at: '2026-03-01T10:00:00+01:00',
    })
    expect(answer.statusCode).toBe(200)
  })

  test.each([
    ['id', '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'],
    ['version', 2],
    ['version', '1'],
    ['created_at', '2020-01-01T00:00:00.000Z'],
    ['updated_at', '2020-01-01T00:00:00.000Z'],
    ['updated_at', null],
    ['completed_at', '2020-01-01T00:00:00.000Z'],
  ])('refuses %s that is not the stored one', async (field, value) => {
    const app = await startApp({ database: 'memory' })
    const task = await create(app)
    const answer = await send(app, method, `/tasks/${task.id}`, {
      title: 'Changed',
      [field]: value,
    })
    expect(expectInvalid(answer)).toEqual([`#/${field}`])
    expect(await get(app, task.id)).toEqual(task)
  })

  test.each(['title', 'description', 'status', 'priority', 'labels'])(
    'refuses null for %s',
    async (field) => {
      const app = await startApp({ database: 'memory' })
      const task = await create(app, FULL)
      expect(
        expectInvalid(await send(app, method, `/tasks/${task.id}`, { [field]: null })),
      ).toEqual([`#/${field}`])
      expect(await get(app, task.id)).toEqual(task)
    },
  )

  test('clears due_at and external_reference_id with null', async () => {
    const app = await startApp({ database: 'memory' })
    const { id } = await create(app, FULL)
    const answer = await send(app, method, `/tasks/${id}`, {
      due_at: null,
      external_reference_id: null,
    })
    expect(answer.json()).toMatchObject({
      due_at: null,
      external_reference_id: null,
      title: 'Title',
      version: 2,
    })
  })

  test('refuses a field that it does not know, and changes nothing', async () => {
    const app = await startApp({ database: 'memory' })
    const task = await create(app)
    const answer = await send(app, method, `/tasks/${task.id}`, { title: 'Changed', done: true })
    expect(expectInvalid(answer)).toEqual(['#/done'])
    expect(await get(app, task.id)).toEqual(task)
  })

  test('refuses what is no object, and no body', async () => {
    const app = await startApp({ database: 'memory' })
    const { id } = await create(app)
    for (const body of [null, [], [{ title: 'x' }], 'x', 1])
      expectInvalid(await send(app, method, `/tasks/${id}`, body))
    expectInvalid(await send(app, method, `/tasks/${id}`))
  })
})

test('only PATCH takes application/merge-patch+json', async () => {
  const app = await startApp({ database: 'memory' })
  const { id } = await create(app)
  const type = { 'content-type': 'application/merge-patch+json' }
  const patched = await send(app, 'PATCH', `/tasks/${id}`, { title: 'Merged' }, type)
  expect([patched.statusCode, patched.json<Task>().title]).toEqual([200, 'Merged'])
  expectProblem(
    await send(app, 'PUT', `/tasks/${id}`, { title: 'x' }, type),
    415,
    'unsupported_media_type',
  )
  expectProblem(
    await send(app, 'POST', '/tasks', { title: 'x' }, type),
    415,
    'unsupported_media_type',
  )
  expectProblem(
    await send(app, 'POST', '/tasks/batch', { operations: [] }, type),
    415,
    'unsupported_media_type',
  )
})

const STATUSES = ['pending', 'in_progress', 'completed'] as const
const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => !value.includes('\0'))
const instant = fc.date({
  min: new Date('1990-01-01'),
  max: new Date('2090-01-01'),
  noInvalidDate: true,
})
const patch = fc.record(
  {
    title: text.filter((value) => value.trim() !== ''),
    description: text,
    status: fc.constantFrom(...STATUSES),
    priority: fc.constantFrom('low', 'medium', 'high'),
    labels: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }),
    due_at: fc.option(instant.map((date) => date.toISOString())),
    external_reference_id: fc.option(fc.constantFrom('1', '2')),
  },
  { requiredKeys: [] },
)
const step = fc.record({ method: fc.constantFrom(...METHODS), patch })

type Fields = Record<string, unknown>
const without = (fields: Fields, ...names: string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

/** What the design says of a change, told once more: the fields given replace, equal ones are no change. */
const applied = (task: Fields, change: Fields, at: string): Fields => {
  const given: Fields = { ...change }
  if (typeof given.title === 'string') given.title = given.title.trim()
  if (Array.isArray(given.labels)) given.labels = [...new Set(given.labels)]
  const next: Fields = { ...task, ...given }
  if (
    JSON.stringify(without(next, 'completed_at')) === JSON.stringify(without(task, 'completed_at'))
  )
    return task
  const completed_at =
    next.status !== 'completed' ? null : task.status === 'completed' ? task.completed_at : at
  return { ...next, completed_at, updated_at: at, version: Number(task.version) + 1 }
}

test('any run of patches gives what the model gives, with a line of history for each change', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const app = await startApp({ now: () => now })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      let model: Fields = { ...(await create(app)) }
      for (const { method, patch: change } of steps) {
        now += 1000
        model = applied(model, change, new Date(now).toISOString())
        const answer = await send(app, method, `/tasks/${String(model.id)}`, change)
        expect(answer.json()).toEqual(model)
        expect(answer.headers.etag).toBe(`"${String(model.version)}"`)
      }
      expect(await get(app, String(model.id))).toEqual(model)
      expect((await send(app, 'GET', `/tasks/${String(model.id)}/events`)).json()).toHaveLength(
        Number(model.version),
      )
    }),
    { numRuns: 60 },
  )
})
