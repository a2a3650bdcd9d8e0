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
  type Write,
} from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { NewEvent } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { IdempotencyKey } from '../../core/idempotency.ts'
import { createInsertBatcher, createTaskLoader } from './batch-per-tick.ts'
import {
  at,
  createDocuments,
  type Documents,
  type EventDocument,
  fromCompanion,
  newKeyReservation,
  type TaskDocument,
} from './documents.ts'
import { isInserted, isUpdated } from './find-write.ts'
import { createKeyRecords, fromRecord, isLive, type KeyOwner } from './key-records.ts'
import { type Deadline, runRead, runWrite } from './write-outcome.ts'

/** The writes. Each is one document write, which stores the whole commit or nothing of it. */
export type Commits = ReturnType<typeof createCommits>

/** What a commit is decided upon. */
type Current = Pick<TaskDocument, '_id' | 'rev' | 'task' | 'keys' | 'link'>

export const createCommits = (db: Db, table: FieldTable) => {
  const { newTask, toFields, toState } = createDocuments(table)
  const tasks = db.collection<TaskDocument>('tasks')
  const collections = { tasks, events: db.collection<EventDocument>('events') }
  const keys = createKeyRecords(tasks, table)
  const insertOne = createInsertBatcher(db)
  const loadTask = createTaskLoader(tasks, ['rev', 'task', 'keys', 'link'])

  /**
   * Inserts a document. Resolves with the document that its key belongs to, if that was there
   * already: a unique index refuses the second document with a key.
   */
  const insert = async (
    document: TaskDocument,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
  ): Promise<KeyOwner | undefined> => {
    const look = async (): Promise<KeyOwner | 'inserted' | undefined> => {
      if (key !== undefined) return keys.find(key, deadline)
      const isThere = await runRead(deadline, () => isInserted(collections, document))
      return isThere ? 'inserted' : undefined
    }
    const send = async (): Promise<KeyOwner | 'inserted'> => {
      await insertOne(document)
      return 'inserted'
    }
    const result = await runWrite(deadline, send, look)
    return result === 'inserted' ? undefined : result
  }

  /** The one write of a commit, upon the revision that it was decided upon. False when another one came first. */
  const replace = (
    id: string,
    rev: number,
    update: UpdateFilter<TaskDocument>,
    deadline: Deadline,
  ): Promise<boolean> => {
    const look = () => runRead(deadline, () => isUpdated(collections, id, rev, update))
    const send = async (isRepeated: boolean): Promise<boolean> => {
      const { matchedCount } = await tasks.updateOne({ ...at(id), rev }, update)
      return matchedCount === 1 || (isRepeated && (await look()) === true)
    }
    return runWrite(deadline, send, look)
  }

  const stateOf = (current: Current | undefined) =>
    current ? toState(current) : { entity: undefined, companion: undefined }

  /** Stores what is decided upon the newest revision; decides again if another writer came first. */
  const commit = async <R>(
    id: string,
    decide: (current: Current | undefined) => Plan<TableEntity, R>,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
  ): Promise<R> => {
    for (;;) {
      const current = await runRead(deadline, () => loadTask(id))
      const { result, write } = decide(current)
      if (write === undefined || current === undefined) return result
      const update = toUpdate(current, write, key, toFields)
      if (await replace(id, current.rev, update, deadline)) return result
    }
  }

  return {
    async create(
      task: TableEntity,
      event: NewEvent,
      key: IdempotencyKey | undefined,
      companion: Companion | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> {
      const { result, write } = planCreation(task, event, key, companion)
      const record = key && write.key ? [fromRecord(key, write.key)] : []
      const owner = await insert(newTask(task, event, record, companion), key, deadline)
      return owner && key && owner.id !== task.id ? replay(owner.record, key, owner.task) : result
    },

    change: (
      id: string,
      decide: Decide<TableEntity>,
      key: IdempotencyKey | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> =>
      commit(
        id,
        (current) =>
          planChange(stateOf(current), decide, key, key && keys.state(current?.keys ?? [], key)),
        key,
        deadline,
      ),

    /** False when the key is bound to another request. */
    async reserveKey(key: IdempotencyKey, deadline: Deadline): Promise<boolean> {
      const reservation = newKeyReservation(fromRecord(key, claimRecord(key)))
      const owner = await insert(reservation, key, deadline)
      return owner === undefined || owner.record.fingerprint === key.fingerprint
    },

    changeCompanion: (
      taskId: string,
      decide: DecideCompanion<TableEntity>,
      deadline: Deadline,
    ): Promise<Companion | undefined> =>
      commit(taskId, (current) => planCompanion(stateOf(current), decide), undefined, deadline),
  }
}

/** The one update of a commit. Keys that expired are removed along with it. */
const toUpdate = (
  { rev, keys, task }: Current,
  { entity, event, key: record, companion }: Write<TableEntity>,
  key: IdempotencyKey | undefined,
  toFields: Documents['toFields'],
): UpdateFilter<TaskDocument> => {
  const unset = {
    ...(companion === null && { link: '' as const }),
    ...(entity === null && { task: '' as const, order: '' as const, words: '' as const }),
  }
  return {
    $set: {
      rev: rev + 1,
      ...(entity && toFields(task, entity)),
      ...(entity === null && { ended: true as const }),
      ...(companion && { link: fromCompanion(companion) }),
      ...(key &&
        record && { keys: [...keys.filter((one) => isLive(one, key)), fromRecord(key, record)] }),
    },
    ...(Object.keys(unset).length > 0 && { $unset: unset }),
    ...(event && { $push: { pending: event } }),
  }
}
