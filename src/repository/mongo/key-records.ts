import type { Collection } from 'mongodb'
import type { KeyState } from '../../core/commit.ts'
import type { IdempotencyKey, IdempotencyRecord } from '../../core/idempotency.ts'
import { readTaskText } from '../../core/old-task.ts'
import { bucketOfKey } from '../../core/placement.ts'
import { reading, writing } from './attempt.ts'
import type { Deadline } from './deadline.ts'
import { at, type CommitDocument, claimId, type StoredKey } from './documents.ts'

/** A key's record, and the document that it belongs to as it is now. */
export interface KeyOwner {
  readonly record: IdempotencyRecord
  readonly document: CommitDocument
}

/** The idempotency records, which are kept in the documents of the commits that they belong to. */
export const createKeyRecords = (collection: Collection<CommitDocument>) => {
  /** Takes an expired record away, which else would refuse the key for ever. */
  const forget = async (id: string, key: IdempotencyKey, deadline: Deadline): Promise<void> => {
    const expired = { key: { $eq: key.key }, expires_at: { $lte: new Date(key.now) } }
    await writing(deadline, () => collection.updateOne(at(id), { $pull: { keys: expired } }))
  }

  return {
    /** Whose key it is, among the documents that were created or claimed with one; undefined when it is free again. */
    async find(key: IdempotencyKey, deadline: Deadline): Promise<KeyOwner | undefined> {
      const bucket = bucketOfKey(key.key)
      const owner = await reading(deadline, () =>
        collection.findOne(
          { bucket, 'keys.key': key.key },
          { projection: { order: 0, words: 0, pending: 0 } },
        ),
      )
      const record = owner && findLive(owner.keys, key)
      if (owner && record) return { record, document: owner }
      if (owner) await forget(owner._id, key, deadline)
      const emptied = { _id: claimId(key.key), bucket, 'keys.0': { $exists: false } }
      await writing(deadline, () => collection.deleteOne(emptied))
      return undefined
    },
  }
}

const findLive = (
  keys: readonly StoredKey[],
  key: IdempotencyKey,
): IdempotencyRecord | undefined => {
  const found = keys.find((one) => one.key === key.key && isLive(one, key))
  return found && toRecord(found)
}

/** The keys that a change of the task with this key depends on. */
export const toKeyState = (keys: readonly StoredKey[], key: IdempotencyKey): KeyState => {
  const expiries = keys
    .filter((one) => one.version !== undefined && isLive(one, key))
    .map(({ expires_at }) => expires_at.getTime())
  const oldestExpiresAt = Math.min(...expiries)
  return { record: findLive(keys, key), count: expiries.length, oldestExpiresAt }
}

export const isLive = ({ expires_at }: StoredKey, { now }: IdempotencyKey): boolean =>
  expires_at.getTime() > now

const toRecord = ({ fingerprint, version, is_claim, json }: StoredKey): IdempotencyRecord => ({
  fingerprint,
  kind: is_claim === true ? 'claim' : json == null ? 'change' : 'creation',
  json: json == null ? null : readTaskText(json),
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
