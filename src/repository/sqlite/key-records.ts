import type { AppError } from '../../core/errors.ts'
import { checkKeyCount, replay } from '../../core/key-record.ts'
import type { CommitResult, IdempotencyKey, StoredTask } from '../../core/task-repository.ts'
import type { Database } from './binding.ts'

/** How many expired records go with each new one, so that none needs a timer and none piles up. */
const SWEPT = 2

/** The unexpired keys of a task's changes; those of creations and batches have no version. */
export const KEY_COUNT = `
  SELECT count(*) AS keys, min(expires_at) AS oldest FROM idempotency_keys
  WHERE task_id = ? AND expires_at > ? AND version IS NOT NULL`

interface Row {
  readonly fingerprint: string
  readonly task_id: string | null
  readonly json: string | null
  /** The task as it is now; null when it is gone. */
  readonly current_version: number | null
  readonly current_json: string | null
}

/** The idempotency records, read and written inside the transaction of their commit. */
export const createKeyRecords = (db: Database) => {
  const find = db.prepare(`
    SELECT k.fingerprint, k.task_id, k.json,
      t.version AS current_version, t.json AS current_json
    FROM idempotency_keys k LEFT JOIN tasks t ON t.id = k.task_id
    WHERE k.key = ? AND k.expires_at > ?`)
  const replace = db.prepare(`
    INSERT OR REPLACE INTO idempotency_keys (key, fingerprint, task_id, json, version, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)`)
  const sweep = db.prepare(`
    DELETE FROM idempotency_keys
    WHERE key IN (SELECT key FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ${SWEPT})`)
  const count = db.prepare(KEY_COUNT)

  const read = (key: IdempotencyKey): Row | undefined =>
    find.get(key.key, key.now) as Row | undefined

  const write = (
    key: IdempotencyKey,
    taskId: string | null,
    json: string | null,
    version: number | null,
  ): void => {
    sweep.run(key.now)
    replace.run(key.key, key.fingerprint, taskId, json, version, key.expiresAt)
  }

  return {
    /** The answer to the request with this key, if it was carried out. */
    answer(key: IdempotencyKey): CommitResult | undefined {
      const row = read(key)
      if (row === undefined) return undefined
      const { fingerprint, task_id, json } = row
      return replay({ fingerprint, isClaim: task_id === null, json }, key, currentTask(row))
    },

    /** The refusal of a change of this task with another key, if it has too many. */
    checkCount(key: IdempotencyKey, taskId: string): AppError | undefined {
      const { keys, oldest } = count.get(taskId, key.now) as { keys: number; oldest: number | null }
      return checkKeyCount(keys, oldest ?? 0, key)
    },

    recordCreation: (key: IdempotencyKey, task: StoredTask): void =>
      write(key, task.id, task.json, null),

    /** The version is the one that the change led to; a deletion's is the next one. */
    recordChange: (key: IdempotencyKey, taskId: string, version: number): void =>
      write(key, taskId, null, version),

    claim(key: IdempotencyKey): boolean {
      const record = read(key)
      if (record === undefined) write(key, null, null, null)
      return record === undefined || record.fingerprint === key.fingerprint
    },
  }
}

const currentTask = ({ task_id, current_version, current_json }: Row): StoredTask | undefined =>
  task_id === null || current_version === null || current_json === null
    ? undefined
    : { id: task_id, version: current_version, json: current_json }
