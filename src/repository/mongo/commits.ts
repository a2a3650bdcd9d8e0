import type { Db, UpdateFilter } from 'mongodb'
import {
  type CommitResult,
  claimRecord,
  type Decide,
  type DecideCompanion,
  type Plan,
  planChange,
  planCompanion,
  planCreation,
  replay,
  type UniqueKeyTaken,
  type Write,
} from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { NewEvent } from '../../core/event.ts'
import type { IdempotencyKey } from '../../core/idempotency.ts'
import { createDocumentLoader, createInsertBatcher } from './batch-per-tick.ts'
import { isDuplicateKey } from './database-error.ts'
import {
  at,
  type CommitDocument,
  type DocumentFields,
  type Documents,
  defined,
  type EventDocument,
  fromCompanion,
  newDocument,
  newKeyReservation,
} from './documents.ts'
import { isInserted, isUpdated } from './find-write.ts'
import { createKeyRecords, fromRecord, isLive, type KeyOwner, toKeyState } from './key-records.ts'
import { type Deadline, runRead, runWrite } from './write-outcome.ts'

/**
 * The writes of one collection. Each is one document write, which stores the whole commit or
 * nothing of it.
 */
export type Commits = ReturnType<typeof createCommits>

const ABSENT = { entity: undefined, companion: undefined }
const TAKEN: UniqueKeyTaken = { kind: 'taken' }

/** `fields`: what documents hold that commits are decided upon, beside their revision and keys. */
export const createCommits = (db: Db, name: string, fields: readonly string[]) => {
  const collection = db.collection<CommitDocument>(name)
  const collections = { documents: collection, events: db.collection<EventDocument>('events') }
  const keys = createKeyRecords(collection, fields)
  const insertOne = createInsertBatcher(db, name)
  const load = createDocumentLoader<CommitDocument>(collection, ['rev', 'keys', ...fields])

  /**
   * Inserts a document. Resolves with the owner of its key or `taken`, if another document was
   * there already: a unique index refuses the second document with an idempotency key or a unique
   * key.
   */
  const insert = async (
    document: CommitDocument,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
    documents?: Pick<Documents, 'toText'>,
    sameUniqueKey?: Readonly<Record<string, string>>,
  ): Promise<KeyOwner | 'inserted' | 'taken'> => {
    const look = async (): Promise<KeyOwner | 'inserted' | 'taken' | undefined> => {
      if (key !== undefined) {
        const owner = await keys.find(key, deadline, documents?.toText)
        if (owner) return owner
      } else if (await runRead(deadline, () => isInserted(collections, document))) return 'inserted'
      if (sameUniqueKey === undefined) return undefined
      const other = await runRead(deadline, () => collection.findOne(sameUniqueKey, ID))
      return other === null ? undefined : 'taken'
    }
    const send = async (): Promise<'inserted'> => {
      await insertOne(document)
      return 'inserted'
    }
    return runWrite(deadline, send, look)
  }

  /**
   * The one write of a commit, upon the revision that it was decided upon. False when another one
   * came first.
   */
  const replace = (
    id: string,
    rev: number,
    update: UpdateFilter<CommitDocument>,
    deadline: Deadline,
  ): Promise<boolean | 'taken'> => {
    const look = () => runRead(deadline, () => isUpdated(collections, id, rev, update))
    const send = async (isRepeated: boolean): Promise<boolean | 'taken'> => {
      try {
        const { matchedCount } = await collection.updateOne({ ...at(id), rev }, update)
        return matchedCount === 1 || (isRepeated && (await look()) === true)
      } catch (error) {
        if (isDuplicateKey(error)) return 'taken'
        throw error
      }
    }
    return runWrite<boolean | 'taken'>(deadline, send, look)
  }

  /**
   * Stores what is decided upon the newest revision; decides again if another writer came first.
   */
  const commit = async <E extends TableEntity, R>(
    documents: Documents<E>,
    id: string,
    decide: (current: CommitDocument | undefined) => Plan<E, R>,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
  ): Promise<R | UniqueKeyTaken> => {
    for (;;) {
      const current = await runRead(deadline, () => load(id))
      const { result, write } = decide(current)
      if (write === undefined || current === undefined) return result
      const update = toUpdate(documents, current, write, key)
      const outcome = await replace(id, current.rev, update, deadline)
      if (outcome === 'taken') return TAKEN
      if (outcome) return result
    }
  }

  return {
    async create<E extends TableEntity>(
      documents: Documents<E>,
      entity: E,
      event: NewEvent,
      key: IdempotencyKey | undefined,
      companion: Companion | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> {
      const { result, write } = planCreation(entity, event, key, companion)
      const record = key && write.key ? [fromRecord(key, write.key)] : []
      const document = newDocument(documents, entity, event, record, companion)
      const same = documents.sameUniqueKey(entity)
      const outcome = await insert(document, key, deadline, documents, same)
      if (outcome === 'inserted') return result
      if (outcome === 'taken' || key === undefined) return TAKEN
      if (outcome.document._id === entity.id) return result
      return replay(outcome.record, key, documents.toState(outcome.document).entity)
    },

    change<E extends TableEntity>(
      documents: Documents<E>,
      id: string,
      decide: Decide<E>,
      key: IdempotencyKey | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> {
      const plan = (current: CommitDocument | undefined) => {
        const state = current ? documents.toState(current) : ABSENT
        const keyState = key && toKeyState(current?.keys ?? [], key, documents.toText)
        return planChange(state, decide, key, keyState)
      }
      return commit(documents, id, plan, key, deadline)
    },

    /** False when the key is bound to another request. */
    async reserveKey(key: IdempotencyKey, deadline: Deadline): Promise<boolean> {
      const reservation = newKeyReservation(fromRecord(key, claimRecord(key)))
      const outcome = await insert(reservation, key, deadline)
      return typeof outcome === 'string' || outcome.record.fingerprint === key.fingerprint
    },

    /** Of entities without a unique key. */
    changeCompanion<E extends TableEntity>(
      documents: Documents<E>,
      id: string,
      decide: DecideCompanion<E>,
      deadline: Deadline,
    ): Promise<Companion | undefined> {
      const plan = (current: CommitDocument | undefined) =>
        planCompanion(current ? documents.toState(current) : ABSENT, decide)
      return commit(documents, id, plan, undefined, deadline) as Promise<Companion | undefined>
    },
  }
}

const ID = { projection: { _id: 1 } } as const

/** The one update of a commit. Keys that expired are removed along with it. */
const toUpdate = <E extends TableEntity>(
  documents: Documents<E>,
  current: CommitDocument,
  { entity, event, key: record, companion }: Write<E>,
  key: IdempotencyKey | undefined,
): UpdateFilter<CommitDocument> => {
  const live = current.keys.filter((one) => key && isLive(one, key))
  const fields: DocumentFields = {
    rev: current.rev + 1,
    ...(entity && documents.toFields(documents.toState(current).entity, entity)),
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
