import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { Repository } from '#src/core/repository.ts'
import { bucketOfKey } from '#src/repository/mongo/shard-key.ts'
import { createTask, patchTask, TASK, type Task } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { newContext } from '../request-context.ts'

const NOW = Date.parse('2026-01-01T00:00:00.000Z')

/** When the records were written, and when they expire. */
export const EXPIRES_AT = NOW + 23 * 60 * 60 * 1000

const fingerprint = createHash('sha256').update('a request').digest('base64url')

/** A record as 0.1.0 kept it: of a creation, of a batch (no task), or of an operation of that batch. */
export interface OldKey {
  readonly key: string
  readonly fingerprint: string
  readonly taskId: string | null
  readonly json: string | null
}

/**
 * What 0.1.0 left behind: a task that was created with a key, and a batch with a key that created,
 * updated, completed and deleted a task. Only the deleted one is not in `tasks`.
 */
export const oldDatabase = () => {
  const newId = createUuids(undefined)
  const placed = (key: string) => newId().slice(0, -6) + bucketOfKey(key)
  const first = createTask({ title: 'single' }, placed('single'), instantAt(0))
  const created = createTask({ title: 'created' }, placed('batch\n#0'), instantAt(0))
  const before = createTask({ title: 'before' }, newId(), instantAt(0))
  const updated = patchTask(before, { title: 'updated' }, instantAt(1))
  const deleted = createTask({ title: 'deleted' }, newId(), instantAt(0))
  const record = (key: string, task: Task | null, json = task && JSON.stringify(task)): OldKey => ({
    key,
    fingerprint,
    taskId: task?.id ?? null,
    json,
  })
  const keys = [
    record('single', first),
    record('batch', null),
    record('batch\n#0', created),
    record('batch\n#1', updated),
    record('batch\n#2', deleted, null),
  ]
  return { keys, tasks: [first, created, updated], first, created, updated, deleted }
}

/** Each of its keys is still known, and its request is not carried out again. */
export const expectReplayed = async (
  repository: Repository,
  { first, created, updated, deleted }: ReturnType<typeof oldDatabase>,
): Promise<void> => {
  const newId = createUuids(deleted.id)
  const now = (): number => NOW
  const service = createTaskService({ table: TASK, repository, newId })
  const single = await service.create(newContext({ now, key: { key: 'single', fingerprint } }), {
    title: 'single',
  })
  expect(single).toMatchObject({ replayed: true, entity: { json: JSON.stringify(first) } })

  await service.update(newContext({ now }), updated.id, { title: 'since' }, {})
  const operations = [
    { op: 'create', task: { title: 'created' } },
    { op: 'update', id: updated.id, task: { title: 'updated' }, preconditions: {} },
    { op: 'delete', id: deleted.id, preconditions: {} },
  ] as const
  const results = await service.batch(
    newContext({ now, key: { key: 'batch', fingerprint } }),
    operations,
  )
  expect(results).toMatchObject([
    { kind: 'created', replayed: true, entity: { json: JSON.stringify(created) } },
    { kind: 'changed', replayed: true, entity: { json: JSON.stringify(updated) } },
    { kind: 'deleted', replayed: true },
  ])
  expect(JSON.parse((await service.get(updated.id)).json)).toMatchObject({ title: 'since' })
  const other = service.batch(
    newContext({ now, key: { key: 'batch', fingerprint: 'another' } }),
    operations,
  )
  await expect(other).rejects.toMatchObject({ code: 'idempotency_key_reused' })

  const retry = { key: 'single', fingerprint }
  const changed = await service.update(
    newContext({ now, key: retry }),
    first.id,
    { title: 'new' },
    {},
  )
  expect(changed).toMatchObject({ replayed: false, entity: { version: 2 } })
}
