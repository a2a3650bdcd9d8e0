/**
 * What a client in TypeScript does with the types that openapi-typescript makes of openapi.json. It is compiled and run by
 * typed-client.test.ts, in a folder where ./openapi.ts holds these types. An `@ts-expect-error` line is a mistake that they catch.
 */
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { components, paths } from './openapi.ts'

const client = createClient<paths>({ baseUrl: process.argv[2] ?? '' })

const draft: components['schemas']['TaskDraft'] = {
  title: 'Renew the certificate',
  due_at: '2026-03-06T13:00:00+01:00',
}
const created = await client.POST('/tasks', {
  body: draft,
  params: { header: { 'Idempotency-Key': 'tour-1' } },
})
assert(created.data, JSON.stringify(created.error))
const { id, version, due_at } = created.data
assert.equal(due_at, '2026-03-06T12:00:00.000Z')

const idsOf = async (
  query: NonNullable<paths['/tasks']['get']['parameters']['query']>,
): Promise<string[]> => {
  const listed = await client.GET('/tasks', { params: { query } })
  assert(listed.data, JSON.stringify(listed.error))
  return listed.data.map((task) => task.id)
}
const status = ['pending', 'in_progress'] as const
assert.deepEqual(
  await idsOf({ due_after: '2026-03-01T00:00:00Z', status: [...status], limit: 10 }),
  [id],
)
assert.deepEqual(await idsOf({ due_before: '2026-03-01T00:00:00Z', sort: '-due_at' }), [])

const path = { id }
const patch = { status: 'in_progress', due_at: null } as const
const patched = await client.PATCH('/tasks/{id}', {
  params: { path, header: { 'If-Match': `"${version}"` } },
  body: patch,
})
assert.deepEqual(
  [patched.data?.status, patched.data?.due_at, patched.data?.version],
  ['in_progress', null, 2],
)
assert.equal(patched.response.headers.get('ETag'), '"2"')

const stale = await client.PATCH('/tasks/{id}', {
  params: { path, header: { 'If-Match': '"1"' } },
  body: { title: 'Stale' },
})
assert.equal(stale.error?.code, 'version_mismatch')

const completed = await client.POST('/tasks/{id}/complete', { params: { path } })
assert.equal(completed.data?.completed_at, completed.data?.updated_at)

const operations: components['schemas']['BatchOperation'][] = [
  { op: 'create', task: { title: 'Book the room' } },
  { op: 'update', id, task: { priority: 'high' } },
]
const batch = await client.POST('/tasks/batch', { body: { operations } })
assert.deepEqual(
  batch.data?.results.map((result) => result.status),
  [201, 200],
)

const history = await client.GET('/tasks/{id}/events', { params: { path } })
assert.deepEqual(
  history.data?.map(({ type }) => type),
  ['task.created', 'task.updated', 'task.completed', 'task.updated'],
)

const deleted = await client.DELETE('/tasks/{id}', { params: { path } })
assert.equal(deleted.response.status, 204)
const gone = await client.GET('/tasks/{id}', { params: { path } })
assert.equal(gone.error?.code, 'not_found')

/** Never called: the compiler alone reads it. */
export const mistakes = async (): Promise<void> => {
  // @ts-expect-error a title is required
  await client.POST('/tasks', { body: {} })
  // @ts-expect-error there is no such status
  await client.GET('/tasks', { params: { query: { status: ['done'] } } })
  // @ts-expect-error an absent field is left out rather than undefined
  await client.PATCH('/tasks/{id}', { params: { path }, body: { title: undefined } })
  // @ts-expect-error complete takes no body
  await client.POST('/tasks/{id}/complete', { params: { path }, body: {} })
  // @ts-expect-error only an update has a task and an id
  await client.POST('/tasks/batch', { body: { operations: [{ op: 'delete', id, task: {} }] } })
}
