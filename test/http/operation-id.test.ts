import { expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import { startApp } from '../start-app.ts'
import { create, send } from './requests.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

type Answer = Awaited<ReturnType<typeof send>>

const operationOf = ({ headers }: Answer): string => String(headers['operation-id'])

const operationsIn = async (app: App, id: string): Promise<string[]> =>
  (await send(app, 'GET', `/tasks/${id}/events`))
    .json<{ operation_id: string }[]>()
    .map(({ operation_id }) => operation_id)

test('every answer to a write names its operation, refusals too; answers to reads do not', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const path = `/tasks/${id}`
  const writes = [
    await send(app, 'POST', '/tasks', { title: 'a' }),
    await send(app, 'PUT', path, { title: 'b' }),
    await send(app, 'PATCH', path, {}),
    await send(app, 'PATCH', path, { unknown: 1 }),
    await send(app, 'POST', '/tasks', '{', { 'content-type': 'application/json' }),
    await send(app, 'PUT', path, { title: 'c' }, { 'if-match': '"9"' }),
    await send(app, 'POST', `${path}/complete`),
    await send(app, 'POST', '/tasks/batch', { operations: [{ op: 'complete', id }] }),
    await send(app, 'POST', `${path}/sync`),
    await send(app, 'DELETE', path),
    await send(app, 'DELETE', path),
  ]
  for (const answer of writes) expect(operationOf(answer)).toMatch(UUID)
  expect(new Set(writes.map(operationOf)).size).toBe(writes.length)
  for (const url of ['/tasks', path, `${path}/events`, '/livez'])
    expect((await send(app, 'GET', url)).headers['operation-id']).toBeUndefined()
})

test('its events have it, and all items of a batch share it', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const changed = await send(app, 'PATCH', `/tasks/${id}`, { title: 'b' })
  const batch = await send(app, 'POST', '/tasks/batch', {
    operations: [
      { op: 'create', task: { title: 'x' } },
      { op: 'update', id, task: { title: 'c' } },
      { op: 'complete', id },
    ],
  })
  const [first] = batch.json<{ results: { task: { id: string } }[] }>().results
  expect(await operationsIn(app, first?.task.id ?? '')).toEqual([operationOf(batch)])
  expect((await operationsIn(app, id)).slice(1)).toEqual([
    operationOf(changed),
    operationOf(batch),
    operationOf(batch),
  ])
})

test('a retry with the same key is the same operation; another task or key is another', async () => {
  const app = await startApp()
  const key = { 'idempotency-key': 'k' }
  const createKeyed = () => send(app, 'POST', '/tasks', { title: 'a' }, key)
  const [first, again] = [await createKeyed(), await createKeyed()]
  const { id } = first.json<{ id: string }>()
  const other = await create(app)
  const patch = (of: string, headers = key) =>
    send(app, 'PATCH', `/tasks/${of}`, { title: 'b' }, headers)
  const changes = [
    await patch(id),
    await patch(id.toUpperCase()),
    await patch(other.id),
    await patch(id, { 'idempotency-key': 'l' }),
  ].map(operationOf)
  expect(operationOf(again)).toBe(operationOf(first))
  expect(changes[1]).toBe(changes[0])
  expect(new Set([operationOf(first), ...changes]).size).toBe(4)
  expect(await operationsIn(app, id)).toEqual([operationOf(first), changes[0]])
})
