import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import type { Task } from '#src/task/task.ts'
import { startApp } from '../start-app.ts'
import { create, createAll, expectProblem, send } from './requests.ts'

interface Event {
  readonly sequence: number
  readonly type: string
  readonly task_id: string
  readonly time: string
  readonly actor: object
  readonly operation_id: string | null
  readonly changes: Record<string, { before: unknown; after: unknown }>
}

/** Read once each event has its place in the sequence, which MongoDB gives it a moment after the commit. */
const history = async (app: App, id: string): Promise<Event[]> => {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await send(app, 'GET', `/tasks/${id}/events`)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    const events = answer.json<Event[]>()
    if (events.every(({ sequence }) => sequence !== null)) return events
    await sleep(25)
  }
  throw new Error('an event has no place in the sequence after 5 s')
}

test('the history tells every change, oldest first, with the changed fields alone', async () => {
  let now = Date.parse('2026-03-01T09:00:00.000Z')
  const app = await startApp({ now: () => now })
  const { id } = await create(app, {
    title: 'Write',
    labels: ['a'],
    due_at: '2026-03-06T12:00:00Z',
  })
  const path = `/tasks/${id}`
  const steps = [
    () => send(app, 'PUT', path, { title: 'Write it', description: 'soon', priority: 'medium' }),
    () => send(app, 'PATCH', path, { status: 'in_progress', due_at: null, labels: ['a', 'b'] }),
    () => send(app, 'POST', `${path}/complete`),
    () => send(app, 'PATCH', path, { status: 'pending' }),
    () => send(app, 'DELETE', path),
  ]
  const operations: unknown[] = [expect.any(String)]
  for (const step of steps) {
    now += 1000
    operations.push((await step()).headers['operation-id'])
  }
  expect(new Set(operations).size).toBe(6)
  const event = (index: number, type: string, changes: object) => ({
    sequence: index + 1,
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
    type,
    resource: 'task',
    resource_id: id,
    version: index + 1,
    task_id: id,
    time: `2026-03-01T09:00:0${index}.000Z`,
    actor: { type: 'api', id: null, name: null },
    operation_id: operations[index],
    changes,
  })
  expect(await history(app, id)).toEqual([
    event(0, 'task.created', {
      title: { before: null, after: 'Write' },
      description: { before: null, after: '' },
      status: { before: null, after: 'pending' },
      priority: { before: null, after: 'medium' },
      labels: { before: null, after: ['a'] },
      due_at: { before: null, after: '2026-03-06T12:00:00.000Z' },
    }),
    event(1, 'task.updated', {
      title: { before: 'Write', after: 'Write it' },
      description: { before: '', after: 'soon' },
    }),
    event(2, 'task.updated', {
      status: { before: 'pending', after: 'in_progress' },
      labels: { before: ['a'], after: ['a', 'b'] },
      due_at: { before: '2026-03-06T12:00:00.000Z', after: null },
    }),
    event(3, 'task.completed', {
      status: { before: 'in_progress', after: 'completed' },
      completed_at: { before: null, after: '2026-03-01T09:00:03.000Z' },
    }),
    event(4, 'task.reopened', {
      status: { before: 'completed', after: 'pending' },
      completed_at: { before: '2026-03-01T09:00:03.000Z', after: null },
    }),
    event(5, 'task.deleted', {
      title: { before: 'Write it', after: null },
      description: { before: 'soon', after: null },
      status: { before: 'pending', after: null },
      priority: { before: 'medium', after: null },
      labels: { before: ['a', 'b'], after: null },
    }),
  ])
})

test('an event has the members of the contract in their order', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const [event] = await history(app, id)
  expect(Object.keys(event ?? {})).toEqual([
    'sequence',
    'id',
    'type',
    'resource',
    'resource_id',
    'version',
    'task_id',
    'time',
    'actor',
    'operation_id',
    'changes',
  ])
})

test('a change that changes nothing, or is refused, makes no event', async () => {
  const app = await startApp()
  const { id, title } = await create(app, { title: 'T', status: 'completed' })
  const path = `/tasks/${id}`
  const tries = [
    await send(app, 'PUT', path, {}),
    await send(app, 'PATCH', path, { title: ` ${title} ` }),
    await send(app, 'POST', `${path}/complete`),
    await send(app, 'PUT', path, { title: '' }),
    await send(app, 'PUT', path, { title: 'x', version: 9 }),
    await send(app, 'PUT', path, { title: 'x' }, { 'if-match': '"9"' }),
    await send(app, 'DELETE', path, undefined, { 'if-match': '"9"' }),
  ]
  expect(tries.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 422, 422, 412, 412])
  expect(await history(app, id)).toHaveLength(1)
})

test('a retry with the same key makes no event', async () => {
  const app = await startApp()
  const ids = [1, 2].map(() => create(app, { title: 'T' }, { 'idempotency-key': 'k' }))
  const [first, second] = await Promise.all(ids)
  expect(second).toEqual(first)
  expect(await history(app, first?.id ?? '')).toHaveLength(1)
})

test('the sequence counts the events of all tasks, without gaps', async () => {
  const app = await startApp()
  const tasks = await createAll(
    app,
    Array.from({ length: 20 }, (_, index) => ({ title: `T${index}` })),
  )
  await Promise.all(tasks.map(({ id }) => send(app, 'PUT', `/tasks/${id}`, { priority: 'high' })))
  const events = (await Promise.all(tasks.map(({ id }) => history(app, id)))).flat()
  const sequences = events.map(({ sequence }) => sequence).sort((a, b) => a - b)
  expect(sequences).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
})

test('a history longer than one read comes whole, and tells how the task came to be', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const operations = Array.from({ length: 600 }, (_, index) => ({
    op: 'update',
    id,
    task: { title: `Title ${index}` },
  }))
  expect((await send(app, 'POST', '/tasks/batch', { operations })).statusCode).toBe(200)
  const events = await history(app, id)
  expect(events.map(({ changes }) => changes.title?.after)).toEqual([
    'A task',
    ...operations.map(({ task }) => task.title),
  ])
  expect((await send(app, 'GET', `/tasks/${id}`)).json<Task>()).toMatchObject({
    title: 'Title 599',
    version: 601,
  })
})

test('HEAD is 200 without a body, and the history of an unknown or malformed id is 404', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const head = await send(app, 'HEAD', `/tasks/${id}/events`)
  expect([head.statusCode, head.body]).toEqual([200, ''])
  for (const unknown of ['0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e', 'nonsense', '%00']) {
    expectProblem(await send(app, 'GET', `/tasks/${unknown}/events`), 404, 'not_found')
  }
})
