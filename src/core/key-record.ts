import type { Task } from './task.ts'
import type { CommitResult, IdempotencyKey } from './task-repository.ts'

/** What a store keeps of a request that bore an idempotency key. */
export interface KeyRecord {
  readonly fingerprint: string
  /** Whether the key was claimed for a batch, whose operations have records of their own. */
  readonly isClaim: boolean
  /** The task's JSON text as it was answered; null after a deletion. */
  readonly json: string | null
}

/**
 * What a request is answered whose key has a record: what the first one was, save the external reference and how its issue
 * stands, which are told as they are known now. `current` reads the task as it is, if it still is there.
 */
export const replay = (record: KeyRecord, key: IdempotencyKey, current: () => Task | null | undefined): CommitResult => {
  if (record.isClaim || record.fingerprint !== key.fingerprint) return { kind: 'key_reused' }
  if (record.json === null) return { kind: 'deleted', replayed: true }
  const task = JSON.parse(record.json) as Task
  const now = current()
  const { external_reference_id, sync } = now ?? task
  const json = JSON.stringify({ ...task, external_reference_id, sync })
  return { kind: 'stored', task: { id: task.id, version: task.version, json }, replayed: true }
}
