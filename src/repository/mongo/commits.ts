import type { Db, UpdateFilter } from 'mongodb'
import type { NewTaskEvent } from '../../core/event.ts'
import { createLink, type SyncLink, withLink, withNextRevision } from '../../core/sync-link.ts'
import type { LinkDecision } from '../../core/sync-repository.ts'
import type { Task } from '../../core/task.ts'
import type { CommitResult, Decide, Decision, IdempotencyKey } from '../../core/task-repository.ts'
import { createInsertBatcher, createTaskLoader } from './batch-per-tick.ts'
import {
  at,
  type EventDocument,
  newClaim,
  newTask,
  type TaskDocument,
  toState,
  toStored,
} from './documents.ts'
import { isInserted, isUpdated } from './find-write.ts'
import {
  changeKey,
  checkCount,
  claimKey,
  createKeyRecords,
  creationKey,
  isLive,
  type KeyOwner,
  toAnswer,
} from './key-records.ts'
import { type Deadline, runRead, runWrite } from './write-outcome.ts'

/** The writes. Each is one document write, which either holds state, event and key record together or nothing of them. */
export interface Commits {
  create(
    task: Task,
    event: NewTaskEvent,
    key: IdempotencyKey | undefined,
    link: SyncLink | undefined,
    deadline: Deadline,
  ): Promise<CommitResult>
  change(
    id: string,
    decide: Decide,
    key: IdempotencyKey | undefined,
    deadline: Deadline,
  ): Promise<CommitResult>
  claim(key: IdempotencyKey, deadline: Deadline): Promise<boolean>
  /** Decides upon a link and its task, and keeps both; it spends no version. */
  changeLink(
    taskId: string,
    decide: LinkDecision,
    deadline: Deadline,
  ): Promise<SyncLink | undefined>
  addLink(taskId: string, now: number, deadline: Deadline): Promise<boolean>
}

/** What a commit is decided upon. */
type Current = Pick<TaskDocument, 'rev' | 'task' | 'keys' | 'link'>

export const createCommits = (db: Db): Commits => {
  const tasks = db.collection<TaskDocument>('tasks')
  const collections = { tasks, events: db.collection<EventDocument>('events') }
  const keys = createKeyRecords(tasks)
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

  const read = (id: string, deadline: Deadline): Promise<Current | undefined> =>
    runRead(deadline, () => loadTask(id))

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

  return {
    async create(given, event, key, link, deadline) {
      const task = link ? withLink(given, link) : given
      const stored = toStored(task)
      const document = newTask(
        task,
        event,
        key === undefined ? [] : [creationKey(key, stored.json)],
        link,
      )
      const owner = await insert(document, key, deadline)
      if (key !== undefined && owner !== undefined && owner.id !== task.id)
        return toAnswer(owner, key)
      return { kind: 'stored', task: stored, replayed: false }
    },

    async change(id, decide, key, deadline) {
      for (;;) {
        const current = await read(id, deadline)
        const earlier = key && current && keys.live(current, key)
        if (key !== undefined && current && earlier)
          return toAnswer({ record: earlier, task: current.task }, key)
        if (!current?.task) return { kind: 'absent' }
        const error = key && checkCount(current.keys, key)
        if (error !== undefined) return { kind: 'refused', error }
        const { update, result } = carryOut(
          { ...current, task: current.task },
          decide(current.task, current.link),
          key,
        )
        if (update === undefined) return result
        if (await replace(id, current.rev, update, deadline)) return result
      }
    },

    async claim(key, deadline) {
      const owner = await insert(newClaim(claimKey(key)), key, deadline)
      return owner === undefined || owner.record.fingerprint === key.fingerprint
    },

    async changeLink(taskId, decide, deadline) {
      for (;;) {
        const current = await read(taskId, deadline)
        if (!current?.link) return undefined
        const next = withNextRevision(current.link, decide(current.link, current.task))
        if (next === undefined) return current.link
        const update =
          next === null
            ? withoutLink(current)
            : { $set: { ...linked(current, next), rev: current.rev + 1 } }
        if (await replace(taskId, current.rev, update, deadline)) return next ?? undefined
      }
    },

    async addLink(taskId, now, deadline) {
      for (;;) {
        const current = await read(taskId, deadline)
        if (!current?.task || current.link) return false
        const link = createLink(taskId, now, current.task.version)
        const update = { $set: { ...linked(current, link), rev: current.rev + 1 } }
        if (await replace(taskId, current.rev, update, deadline)) return true
      }
    },
  }
}

/** What a decision comes to, and the one write that makes it so; none when it leaves everything as it is. */
const carryOut = (
  current: Current & { readonly task: Task },
  decision: Decision,
  key: IdempotencyKey | undefined,
) => {
  const { task } = current
  switch (decision.kind) {
    case 'refuse':
      return { result: { kind: 'refused', error: decision.error } as const }
    case 'keep': {
      const stored = toStored(task)
      const result = { kind: 'stored', task: stored, replayed: false } as const
      return key === undefined
        ? { result }
        : { result, update: { $set: commit(current, key, task.version) } }
    }
    case 'change': {
      const link = withNextRevision(current.link, decision.link)
      const next = link ? withLink(decision.task, link) : decision.task
      const stored = toStored(next)
      const { words, ...state } = toState(next)
      const isReworded = task.title !== next.title || task.description !== next.description
      return {
        result: { kind: 'stored', task: stored, replayed: false } as const,
        update: {
          $set: {
            ...state,
            ...(isReworded ? { words } : {}),
            ...(link && { link }),
            ...commit(current, key, stored.version),
          },
          $push: { pending: { version: stored.version, ...decision.event } },
        },
      }
    }
    case 'delete': {
      const link = withNextRevision(current.link, decision.link)
      return {
        result: { kind: 'deleted', replayed: false } as const,
        update: {
          $set: {
            ended: true as const,
            ...(link && { link }),
            ...commit(current, key, task.version + 1),
          },
          $unset: { task: '', order: '', words: '' } as const,
          $push: { pending: { version: task.version + 1, ...decision.event } },
        },
      }
    }
  }
}

/** The next revision and the record of a key, if there is one; keys that expired go. */
const commit = ({ rev, keys }: Current, key: IdempotencyKey | undefined, version: number) => ({
  rev: rev + 1,
  ...(key && { keys: [...keys.filter((one) => isLive(one, key)), changeKey(key, version)] }),
})

/** A link beside its task, which tells of it. */
const linked = ({ task }: Current, link: SyncLink) => ({
  link,
  ...(task && { task: withLink(task, link) }),
})

const withoutLink = ({ task, rev }: Current): UpdateFilter<TaskDocument> => ({
  $set: { ...(task && { task: { ...task, sync: null } }), rev: rev + 1 },
  $unset: { link: '' },
})
