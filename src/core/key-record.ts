import type { Entity } from './entity.ts'
import { type AppError, tooManyKeys } from './errors.ts'
import type { CommitResult, IdempotencyKey, StoredTask } from './task-repository.ts'

/** How many unexpired keys of changes a task may have. A task's MongoDB document holds them all. */
export const MAX_CHANGE_KEYS = 100

/** What a store keeps of a request with an idempotency key. */
export interface IdempotencyRecord {
  readonly fingerprint: string
  /** Whether a batch claimed the key. Each of its operations has a record of its own. */
  readonly isClaim: boolean
  /** The first answer of a creation: the task's JSON text. Null for a change. */
  readonly json: string | null
}

/**
 * The answer to a request whose key has a record. A creation is answered as it was at first, save the
 * external reference and the sync, which are those of now; a change, with the task as it is now.
 * 0.1.0 kept the first answer of a batch's changes too: those are replayed like creations.
 */
export const replay = (
  record: IdempotencyRecord,
  key: IdempotencyKey,
  current: StoredTask | undefined,
): CommitResult => {
  if (record.isClaim || record.fingerprint !== key.fingerprint) return { kind: 'key_reused' }
  if (record.json !== null)
    return { kind: 'stored', task: firstAnswer(record.json, current), replayed: true }
  return current === undefined
    ? { kind: 'deleted', replayed: true }
    : { kind: 'stored', task: current, replayed: true }
}

const firstAnswer = (json: string, current: StoredTask | undefined): StoredTask => {
  const task = JSON.parse(json) as Entity
  const { external_reference_id, sync } = current ? (JSON.parse(current.json) as Entity) : task
  const answer = { ...task, external_reference_id, sync }
  return { id: task.id, version: task.version, json: JSON.stringify(answer) }
}

/**
 * Refuses another key for a task that has the maximum. `oldestExpiresAt` is when the first of its
 * keys expires, in milliseconds since the epoch.
 */
export const checkKeyCount = (
  count: number,
  oldestExpiresAt: number,
  { now }: IdempotencyKey,
): AppError | undefined =>
  count < MAX_CHANGE_KEYS
    ? undefined
    : tooManyKeys(MAX_CHANGE_KEYS, Math.max(1, Math.ceil((oldestExpiresAt - now) / 1000)))
