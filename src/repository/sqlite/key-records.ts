import type { KeyState } from '../../core/commit.ts'
import type { IdempotencyKey, IdempotencyRecord } from '../../core/idempotency.ts'
import type { Database } from './driver.ts'

/**
 * How many expired records are deleted with each new one, so that they neither pile up nor need a
 * timer.
 */
const EXPIRED_PER_WRITE = 2

/** The unexpired keys of a task's changes; those of creations and batches have no version. */
export const KEY_COUNT = `
  SELECT count(*) AS count, min(expires_at) AS oldest FROM idempotency_keys
  WHERE entity_id = ? AND expires_at > ? AND version IS NOT NULL`

interface Row {
  readonly fingerprint: string
  /** Null for a batch's reservation. */
  readonly entity_id: string | null
  readonly json: string | null
  readonly version: number | null
}

/** Makes the stored JSON text of an entity one of this version. */
type ToText = (json: string) => string

/** The idempotency records, read and written inside the transaction of their commit. */
export const createKeyRecords = (db: Database) => {
  const findRow = db.prepare(`
    SELECT fingerprint, entity_id, json, version FROM idempotency_keys
    WHERE key = ? AND expires_at > ?`)
  const replace = db.prepare(`
    INSERT OR REPLACE INTO idempotency_keys (key, fingerprint, entity_id, json, version, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)`)
  const deleteExpired = db.prepare(`
    DELETE FROM idempotency_keys
    WHERE key IN (SELECT key FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ${EXPIRED_PER_WRITE})`)
  const count = db.prepare(KEY_COUNT)

  const find = (key: IdempotencyKey, toText: ToText = (json) => json) => {
    const row = findRow.get(key.key, key.now) as Row | undefined
    return row && { record: toRecord(row, toText), entityId: row.entity_id ?? '' }
  }

  return {
    /** The unexpired record of a key, and the entity that it belongs to. */
    find,

    /** The keys that a change of this entity with this key depends on. */
    state(key: IdempotencyKey, entityId: string, toText: ToText): KeyState {
      const record = find(key, toText)?.record
      if (record !== undefined) return { record, count: 0, oldestExpiresAt: 0 }
      const row = count.get(entityId, key.now) as { count: number; oldest: number | null }
      return { record, count: row.count, oldestExpiresAt: row.oldest ?? 0 }
    },

    write(key: IdempotencyKey, entityId: string | null, record: IdempotencyRecord): void {
      const { fingerprint, json, version } = record
      deleteExpired.run(key.now)
      replace.run(key.key, fingerprint, entityId, json, version, key.expiresAt)
    },
  }
}

const toRecord = (
  { fingerprint, entity_id, json, version }: Row,
  toText: ToText,
): IdempotencyRecord => ({
  fingerprint,
  kind: entity_id === null ? 'claim' : json === null ? 'change' : 'creation',
  json: json && toText(json),
  version,
})
