import type { Collection, UpdateFilter } from 'mongodb'
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
import type { NewEvent } from '../../core/event.ts'
import type { IdempotencyKey } from '../../core/idempotency.ts'
import type { Task } from '../../core/task.ts'
import { reading, writing } from './attempt.ts'
import { isDuplicateKey } from './database-error.ts'
import type { Deadline } from './deadline.ts'
import {
  at,
  fromCompanion,
  newKeyReservation,
  newTask,
  type TaskDocument,
  toFields,
  toState,
} from './documents.ts'
import { createInserts } from './inserts.ts'
import { createKeyRecords, fromRecord, isLive, type KeyOwner, toKeyState } from './key-records.ts'
import { createLookups } from './lookups.ts'

/** The writes. Each is one document write, which stores the whole commit or nothing of it. */
export type Commits = ReturnType<typeof createCommits>

/** What a commit is decided upon. */
type Current = Pick<TaskDocument, '_id' | 'rev' | 'task' | 'keys' | 'link'>

export const createCommits = (tasks: Collection<TaskDocument>) => {
  const keys = createKeyRecords(tasks)
  const insertOne = createInserts(tasks)
  const lookUp = createLookups(tasks, ['rev', 'task', 'keys', 'link'])

  /** A unique index refuses the second document that has a key: then it resolves with the first one's record. */
  const insert = async (
    document: TaskDocument,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
  ): Promise<KeyOwner | undefined> => {
    for (;;) {
      try {
        await writing(deadline, () => insertOne(document))
        return undefined
      } catch (error) {
        if (key === undefined || !isDuplicateKey(error)) throw error
        const owner = await keys.find(key, deadline)
        if (owner !== undefined) return owner
      }
    }
  }

  /** Stores what is decided upon the newest revision; decides again if another writer came first. */
  const commit = async <R>(
    id: string,
    decide: (current: Current | undefined) => Plan<Task, R>,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
  ): Promise<R> => {
    for (;;) {
      const current = await reading(deadline, () => lookUp(id))
      const { result, write } = decide(current)
      if (write === undefined || current === undefined) return result
      const update = toUpdate(current, write, key)
      const { matchedCount } = await writing(deadline, () =>
        tasks.updateOne({ ...at(id), rev: current.rev }, update),
      )
      if (matchedCount === 1) return result
    }
  }

  return {
    async create(
      task: Task,
      event: NewEvent,
      key: IdempotencyKey | undefined,
      companion: Companion | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> {
      const { result, write } = planCreation(task, event, key, companion)
      const record = key && write.key ? [fromRecord(key, write.key)] : []
      const owner = await insert(newTask(task, event, record, companion), key, deadline)
      return owner && key ? replay(owner.record, key, owner.task) : result
    },

    change: (
      id: string,
      decide: Decide<Task>,
      key: IdempotencyKey | undefined,
      deadline: Deadline,
    ): Promise<CommitResult> =>
      commit(
        id,
        (current) =>
          planChange(stateOf(current), decide, key, key && toKeyState(current?.keys ?? [], key)),
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
      decide: DecideCompanion<Task>,
      deadline: Deadline,
    ): Promise<Companion | undefined> =>
      commit(taskId, (current) => planCompanion(stateOf(current), decide), undefined, deadline),
  }
}

const stateOf = (current: Current | undefined) =>
  current ? toState(current) : { entity: undefined, companion: undefined }

/** The one update of a commit. Keys that expired are removed along with it. */
const toUpdate = (
  { rev, keys, task }: Current,
  { entity, event, key: record, companion }: Write<Task>,
  key: IdempotencyKey | undefined,
): UpdateFilter<TaskDocument> => {
  const { words, ...fields } = entity ? toFields(entity) : {}
  const isReworded = task?.title !== entity?.title || task?.description !== entity?.description
  const unset = {
    ...(companion === null && { link: '' as const }),
    ...(entity === null && { task: '' as const, order: '' as const, words: '' as const }),
  }
  return {
    $set: {
      rev: rev + 1,
      ...fields,
      ...(entity && isReworded && words && { words }),
      ...(entity === null && { ended: true as const }),
      ...(companion && { link: fromCompanion(companion) }),
      ...(key &&
        record && { keys: [...keys.filter((one) => isLive(one, key)), fromRecord(key, record)] }),
    },
    ...(Object.keys(unset).length > 0 && { $unset: unset }),
    ...(event && { $push: { pending: event } }),
  }
}
