import { replay } from '../../core/key-record.ts'
import type { Task } from '../../core/task.ts'
import type { CommitResult, IdempotencyKey } from '../../core/task-repository.ts'
import type { Database } from './binding.ts'

/** So many expired records go with each new one, so that none needs a timer and none piles up. */
const SWEPT = 2

interface Row {
  readonly fingerprint: string
  readonly task_id: string | null
  readonly json: string | null
  /** The task as it is now; null when it is gone. */
  readonly current: string | null
}

/** The idempotency records, read and written inside the transaction of the commit that they belong to. */
export const createKeyRecords = (db: Database) => {
  const find = db.prepare(`
    SELECT k.fingerprint, k.task_id, k.json, t.json AS current
    FROM idempotency_keys k LEFT JOIN tasks t ON t.id = k.task_id
    WHERE k.key = ? AND k.expires_at > ?`)
  const replace = db.prepare(
    'INSERT OR REPLACE INTO idempotency_keys (key, fingerprint, task_id, json, expires_at) VALUES (?, ?, ?, ?, ?)',
  )
  const sweep = db.prepare(`
    DELETE FROM idempotency_keys
    WHERE key IN (SELECT key FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ${SWEPT})`)

  const read = (key: IdempotencyKey): Row | undefined => find.get(key.key, key.now) as Row | undefined

  const write = (key: IdempotencyKey, taskId: string | null, json: string | null): void => {
    sweep.run(key.now)
    replace.run(key.key, key.fingerprint, taskId, json, key.expiresAt)
  }

  return {
    /** What the request with this key was answered, if it was carried out. */
    answer(key: IdempotencyKey): CommitResult | undefined {
      const row = read(key)
      if (row === undefined) return undefined
      const { fingerprint, task_id, json, current } = row
      return replay({ fingerprint, isClaim: task_id === null, json }, key, () =>
        current === null ? null : (JSON.parse(current) as Task),
      )
    },

    /** Keeps what a commit came to. A refusal is not kept: its retry is judged anew. */
    record(key: IdempotencyKey, taskId: string, result: CommitResult): void {
      if (result.kind === 'stored') write(key, taskId, result.task.json)
      if (result.kind === 'deleted') write(key, taskId, null)
    },

    claim(key: IdempotencyKey): boolean {
      const record = read(key)
      if (record === undefined) write(key, null, null)
      return record === undefined || record.fingerprint === key.fingerprint
    },
  }
}
