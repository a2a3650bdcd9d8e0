import type { Collection } from 'mongodb'
import type { Entity } from '../../core/entity.ts'
import type { AppError } from '../../core/errors.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { checkKeyCount, replay } from '../../core/key-record.ts'
import { bucketOfKey } from '../../core/placement.ts'
import type { CommitResult, IdempotencyKey } from '../../core/task-repository.ts'
import { reading, writing } from './attempt.ts'
import type { Deadline } from './deadline.ts'
import { at, claimId, type StoredKey, type TaskDocument, toStored } from './documents.ts'

/** A key's record, and the task that it belongs to as it is now. */
export interface KeyOwner {
  readonly record: StoredKey
  readonly task: Entity | undefined
}

/** The idempotency records, which are kept in the documents of the commits that they belong to. */
export const createKeyRecords = (tasks: Collection<TaskDocument>, table: FieldTable) => {
  const live = ({ keys }: Pick<TaskDocument, 'keys'>, key: IdempotencyKey): StoredKey | undefined =>
    keys.find((one) => one.key === key.key && isLive(one, key))

  /** Takes an expired record away, which else would refuse the key for ever. */
  const forget = async (id: string, key: IdempotencyKey, deadline: Deadline): Promise<void> => {
    const expired = { key: { $eq: key.key }, expires_at: { $lte: new Date(key.now) } }
    await writing(deadline, () => tasks.updateOne(at(id), { $pull: { keys: expired } }))
  }

  return {
    live,

    /** Whose key it is, among the documents that were created or claimed with one; undefined when it is free again. */
    async find(key: IdempotencyKey, deadline: Deadline): Promise<KeyOwner | undefined> {
      const bucket = bucketOfKey(key.key)
      const owner = await reading(deadline, () =>
        tasks.findOne<Pick<TaskDocument, '_id' | 'task' | 'keys'>>(
          { bucket, 'keys.key': key.key },
          { projection: { task: 1, keys: 1 } },
        ),
      )
      const record = owner && live(owner, key)
      if (owner && record) return { record, task: owner.task && table.withDefaults(owner.task) }
      if (owner) await forget(owner._id, key, deadline)
      const emptied = { _id: claimId(key.key), bucket, 'keys.0': { $exists: false } }
      await writing(deadline, () => tasks.deleteOne(emptied))
      return undefined
    },
  }
}

export const toAnswer = ({ record, task }: KeyOwner, key: IdempotencyKey): CommitResult => {
  const { fingerprint, is_claim: isClaim = false, json = null } = record
  return replay({ fingerprint, isClaim, json }, key, task && toStored(task))
}

/** The refusal of a change with another key, if its task has too many. */
export const checkCount = (
  keys: readonly StoredKey[],
  key: IdempotencyKey,
): AppError | undefined => {
  const expiries = keys
    .filter((one) => one.version !== undefined && isLive(one, key))
    .map(({ expires_at }) => expires_at.getTime())
  return checkKeyCount(expiries.length, Math.min(...expiries), key)
}

export const isLive = ({ expires_at }: StoredKey, { now }: IdempotencyKey): boolean =>
  expires_at.getTime() > now

export const creationKey = (key: IdempotencyKey, json: string): StoredKey => ({
  ...common(key),
  is_claim: false,
  json,
})

export const claimKey = (key: IdempotencyKey): StoredKey => ({
  ...common(key),
  is_claim: true,
  json: null,
})

/** The version is the one that the change led to; a deletion's is the next one. */
export const changeKey = (key: IdempotencyKey, version: number): StoredKey => ({
  ...common(key),
  version,
})

const common = ({ key, fingerprint, expiresAt }: IdempotencyKey) => ({
  key,
  fingerprint,
  expires_at: new Date(expiresAt),
})
