import type { Collection } from 'mongodb'
import type { KeyState } from '../../core/commit.ts'
import type { IdempotencyKey, IdempotencyRecord } from '../../core/idempotency.ts'
import { at, type CommitDocument, claimId, type StoredKey } from './documents.ts'
import { bucketOfKey } from './shard-key.ts'
import { type Deadline, runRead, runWrite } from './write-outcome.ts'

/** A key's record, and the document that it belongs to as it is now. */
export interface KeyOwner {
  readonly record: IdempotencyRecord
  readonly document: CommitDocument
}

/** Makes the stored JSON text of an entity one of this version. */
type ToText = (json: string) => string

/** The idempotency records, which are kept in the documents of the commits that they belong to. */
export const createKeyRecords = (
  collection: Collection<CommitDocument>,
  fields: readonly string[],
) => {
  const projection = Object.fromEntries(['keys', ...fields].map((field) => [field, 1]))

  /** Takes an expired record away, which else would refuse the key for ever. */
  const forget = async (id: string, key: IdempotencyKey, deadline: Deadline): Promise<void> => {
    const expired = { key: { $eq: key.key }, expires_at: { $lte: new Date(key.now) } }
    await runWrite(deadline, () => collection.updateOne(at(id), { $pull: { keys: expired } }))
  }

  return {
    /**
     * Whose key it is, among the documents that were created or claimed with one; undefined when it
     * is free again.
     */
    async find(
      key: IdempotencyKey,
      deadline: Deadline,
      toText?: ToText,
    ): Promise<KeyOwner | undefined> {
      const bucket = bucketOfKey(key.key)
      const owner = await runRead(deadline, () =>
        collection.findOne({ bucket, 'keys.key': key.key }, { projection }),
      )
      const record = owner && findLive(owner.keys, key, toText)
      if (owner && record) return { record, document: owner }
      if (owner) await forget(owner._id, key, deadline)
      const emptied = { _id: claimId(key.key), bucket, 'keys.0': { $exists: false } }
      await runWrite(deadline, () => collection.deleteOne(emptied))
      return undefined
    },
  }
}

/** The keys that a change of the entity with this key depends on. */
export const toKeyState = (
  keys: readonly StoredKey[],
  key: IdempotencyKey,
  toText: ToText,
): KeyState => {
  const expiries = keys
    .filter((one) => one.version !== undefined && isLive(one, key))
    .map(({ expires_at }) => expires_at.getTime())
  const oldestExpiresAt = Math.min(...expiries)
  return { record: findLive(keys, key, toText), count: expiries.length, oldestExpiresAt }
}

const findLive = (
  keys: readonly StoredKey[],
  key: IdempotencyKey,
  toText: ToText = (json) => json,
): IdempotencyRecord | undefined => {
  const found = keys.find((one) => one.key === key.key && isLive(one, key))
  return found && toRecord(found, toText)
}

export const isLive = ({ expires_at }: StoredKey, { now }: IdempotencyKey): boolean =>
  expires_at.getTime() > now

const toRecord = (
  { fingerprint, version, is_claim, json }: StoredKey,
  toText: ToText,
): IdempotencyRecord => ({
  fingerprint,
  kind: is_claim === true ? 'claim' : json == null ? 'change' : 'creation',
  json: json == null ? null : toText(json),
  version: version ?? null,
})

export const fromRecord = (key: IdempotencyKey, record: IdempotencyRecord): StoredKey => ({
  key: key.key,
  fingerprint: record.fingerprint,
  expires_at: new Date(key.expiresAt),
  ...(record.kind === 'change'
    ? { version: record.version ?? 0 }
    : { is_claim: record.kind === 'claim', json: record.json }),
})
