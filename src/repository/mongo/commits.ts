import type { Collection, UpdateFilter } from 'mongodb'
import {
  type CommitResult,
  claimRecord,
  type Decide,
  type DecideCompanion,
  type Entity,
  type Plan,
  planChange,
  planCompanion,
  planCreation,
  replay,
  type UniqueKeyTaken,
  type Write,
} from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { NewEvent } from '../../core/event.ts'
import type { IdempotencyKey } from '../../core/idempotency.ts'
import { reading, writing } from './attempt.ts'
import { isDuplicateKey } from './database-error.ts'
import type { Deadline } from './deadline.ts'
import {
  at,
  type CommitDocument,
  type DocumentFields,
  type Documents,
  defined,
  fromCompanion,
  newDocument,
  newKeyReservation,
} from './documents.ts'
import { createInserts } from './inserts.ts'
import { createKeyRecords, fromRecord, isLive, toKeyState } from './key-records.ts'
import { createLookups } from './lookups.ts'

/**
 * The writes of one collection. Each is one document write, which stores the whole commit or
 * nothing of it.
 */
export type Commits = ReturnType<typeof createCommits>

const ABSENT = { entity: undefined, companion: undefined }
const TAKEN: UniqueKeyTaken = { kind: 'taken' }

/** `fields`: what documents hold that commits are decided upon, beside their revision and keys. */
export const createCommits = (
  collection: Collection<CommitDocument>,
  fields: readonly string[],
) => {
  const keys = createKeyRecords(collection)
  const insertOne = createInserts(collection)
  const lookUp = createLookups<CommitDocument>(collection, ['rev', 'keys', ...fields])

  const isTaken = async <E extends Entity>(
    documents: Documents<E>,
    entity: E,
    deadline: Deadline,
  ): Promise<boolean> => {
    const same = documents.sameUniqueKey(entity)
    if (same === undefined) return false
    const options = { projection: { _id: 1 } }
    return (await reading(deadline, () => collection.findOne(same, options))) !== null
  }

  /**
   * Inserts a document. When a unique index refuses it, as another document has its idempotency key
   * or its unique key, resolves with what `findOther` finds of that one.
   */
  const insert = async <T>(
    document: CommitDocument,
    deadline: Deadline,
    findOther: () => Promise<T | undefined>,
  ): Promise<T | undefined> => {
    for (;;) {
      try {
        await writing(deadline, () => insertOne(document))
        return undefined
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        const other = await findOther()
        if (other !== undefined) return other
      }
    }
  }

  /** Stores what is decided upon the newest revision; decides again if another writer came first. */
  const commit = async <E extends Entity, R>(
    documents: Documents<E>,
    id: string,
    decide: (current: CommitDocument | undefined) => Plan<E, R>,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
  ): Promise<R> => {
    for (;;) {
      const current = await reading(deadline, () => lookUp(id))
      const { result, write } = decide(current)
      if (write === undefined || current === undefined) return result
      const update = toUpdate(documents, current, write, key)
      const { matchedCount } = await writing(deadline, () =>
        collection.updateOne({ ...at(id), rev: current.rev }, update),
      )
      if (matchedCount === 1) return result
    }
  }

  return {
    async create<E extends Entity>(
      documents: Documents<E>,
      entity: E,
      event: NewEvent,
      key: IdempotencyKey | undefined,
      companion: Companion | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> {
      const { result, write } = planCreation(entity, event, key, companion)
      const record = key && write.key ? [fromRecord(key, write.key)] : []
      const findOther = async (): Promise<CommitResult | undefined> => {
        const owner = key && (await keys.find(key, deadline))
        if (owner && key) return replay(owner.record, key, documents.toState(owner.document).entity)
        return (await isTaken(documents, entity, deadline)) ? TAKEN : undefined
      }
      const document = newDocument(documents, entity, event, record, companion)
      return (await insert(document, deadline, findOther)) ?? result
    },

    async change<E extends Entity>(
      documents: Documents<E>,
      id: string,
      decide: Decide<E>,
      key: IdempotencyKey | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> {
      const plan = (current: CommitDocument | undefined) => {
        const state = current ? documents.toState(current) : ABSENT
        return planChange(state, decide, key, key && toKeyState(current?.keys ?? [], key))
      }
      try {
        return await commit(documents, id, plan, key, deadline)
      } catch (error) {
        if (isDuplicateKey(error)) return TAKEN
        throw error
      }
    },

    /** False when the key is bound to another request. */
    async reserveKey(key: IdempotencyKey, deadline: Deadline): Promise<boolean> {
      const reservation = newKeyReservation(fromRecord(key, claimRecord(key)))
      const owner = await insert(reservation, deadline, () => keys.find(key, deadline))
      return owner === undefined || owner.record.fingerprint === key.fingerprint
    },

    changeCompanion<E extends Entity>(
      documents: Documents<E>,
      id: string,
      decide: DecideCompanion<E>,
      deadline: Deadline,
    ): Promise<Companion | undefined> {
      const plan = (current: CommitDocument | undefined) =>
        planCompanion(current ? documents.toState(current) : ABSENT, decide)
      return commit(documents, id, plan, undefined, deadline)
    },
  }
}

/** The one update of a commit. Keys that expired are removed along with it. */
const toUpdate = <E extends Entity>(
  documents: Documents<E>,
  current: CommitDocument,
  { entity, event, key: record, companion }: Write<E>,
  key: IdempotencyKey | undefined,
): UpdateFilter<CommitDocument> => {
  const before = documents.toState(current).entity
  const live = current.keys.filter((one) => key && isLive(one, key))
  const fields: DocumentFields = {
    rev: current.rev + 1,
    ...(entity && documents.toFields(entity, before)),
    ...(entity === null && { ...documents.noFields, ended: true }),
    ...(companion !== undefined && { link: companion ? fromCompanion(companion) : undefined }),
    ...(key && record && { keys: [...live, fromRecord(key, record)] }),
  }
  const removed = Object.keys(fields).filter((name) => fields[name] === undefined)
  return {
    $set: defined(fields),
    ...(removed.length > 0 && { $unset: Object.fromEntries(removed.map((name) => [name, ''])) }),
    ...(event && { $push: { pending: event } }),
  }
}
