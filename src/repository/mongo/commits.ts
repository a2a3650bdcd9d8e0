import type { Collection, UpdateFilter } from 'mongodb'
import type { Entity } from '../../core/entity.ts'
import type { NewTaskEvent } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { LinkDecision } from '../../core/sync-repository.ts'
import type { CommitResult, Decide, Decision, IdempotencyKey } from '../../core/task-repository.ts'
import {
  createLink,
  type IssueLink,
  withLink,
  withNextRevision,
} from '../../github/issue/issue-link.ts'
import { reading, writing } from './attempt.ts'
import { isDuplicateKey } from './database-error.ts'
import type { Deadline } from './deadline.ts'
import { at, createDocuments, newClaim, type TaskDocument, toStored } from './documents.ts'
import { createInserts } from './inserts.ts'
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
import { createLookups } from './lookups.ts'

/** The writes. Each is one document write, which either holds state, event and key record together or nothing of them. */
export interface Commits {
  create(
    task: Entity,
    event: NewTaskEvent,
    key: IdempotencyKey | undefined,
    link: IssueLink | undefined,
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
  ): Promise<IssueLink | undefined>
  addLink(taskId: string, now: number, deadline: Deadline): Promise<boolean>
}

/** What a commit is decided upon. */
type Current = Pick<TaskDocument, 'rev' | 'task' | 'keys' | 'link'>

export const createCommits = (tasks: Collection<TaskDocument>, table: FieldTable): Commits => {
  const { newTask, changedState } = createDocuments(table)
  const keys = createKeyRecords(tasks, table)
  const insertOne = createInserts(tasks)
  const lookUp = createLookups(tasks, ['rev', 'task', 'keys', 'link'])

  /** A unique index refuses the second document that bears a key: then it resolves with the first one's record. */
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

  const read = (id: string, deadline: Deadline): Promise<Current | undefined> =>
    reading(deadline, async () => {
      const found = await lookUp(id)
      return found?.task ? { ...found, task: table.withDefaults(found.task) } : found
    })

  /** The one write of a commit, upon the revision that it was decided upon. False when another one came first. */
  const replace = async (
    id: string,
    rev: number,
    update: UpdateFilter<TaskDocument>,
    deadline: Deadline,
  ): Promise<boolean> => {
    const { matchedCount } = await writing(deadline, () =>
      tasks.updateOne({ ...at(id), rev }, update),
    )
    return matchedCount === 1
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
      if (owner !== undefined && key !== undefined) return toAnswer(owner, key)
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
          changedState,
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
  current: Current & { readonly task: Entity },
  decision: Decision,
  key: IdempotencyKey | undefined,
  changedState: (before: Entity, after: Entity) => Partial<TaskDocument>,
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
      return {
        result: { kind: 'stored', task: stored, replayed: false } as const,
        update: {
          $set: {
            ...changedState(task, next),
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
const linked = ({ task }: Current, link: IssueLink) => ({
  link,
  ...(task && { task: withLink(task, link) }),
})

const withoutLink = ({ task, rev }: Current): UpdateFilter<TaskDocument> => ({
  $set: { ...(task && { task: { ...task, sync: null } }), rev: rev + 1 },
  $unset: { link: '' },
})
