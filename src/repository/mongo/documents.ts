import type { Entity } from '../../core/entity.ts'
import type { NewTaskEvent } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { bucketOfId, bucketOfKey } from '../../core/placement.ts'
import type { StoredTask } from '../../core/task-repository.ts'
import type { IssueLink } from '../../github/issue/issue-link.ts'
import { createSortKeys, type SortKeys } from './sort-keys.ts'

/**
 * A task with everything that one commit writes, so that one document write is the whole commit: its state, its
 * events that are not yet published, the idempotency keys of the requests that made it so.
 * A deleted task stays as a tombstone (`ended`, without `task`) while it has events to publish or keys to remember;
 * the claim of a batch's key is such a document that never was a task.
 */
export interface TaskDocument {
  readonly _id: string
  /** Where it is in a sharded collection: `bucketOfId`. */
  readonly bucket: string
  /** Grows with each write of a commit; a write is made only on the revision that it was decided upon. */
  readonly rev: number
  readonly task?: Entity
  readonly order?: SortKeys
  readonly words?: readonly string[]
  readonly ended?: true
  readonly pending: readonly PendingEvent[]
  readonly keys: readonly StoredKey[]
  /** How its GitHub issue stands. A tombstone has it until the issue is closed. */
  readonly link?: IssueLink
}

/** An event that waits for its place in the sequence. The nth event of a task is that of version n. */
export interface PendingEvent extends NewTaskEvent {
  readonly version: number
}

export interface StoredKey {
  readonly key: string
  readonly fingerprint: string
  readonly expires_at: Date
  /** Of a change: the version that it led to. */
  readonly version?: number
  /** Of a creation or a batch: whether a batch claimed the key, and the first answer of a creation. */
  readonly is_claim?: boolean
  readonly json?: string | null
}

/** An event in its place: `_id` is its sequence, `event` its own identity, `fence` the term of the relay that published it. */
export interface EventDocument extends PendingEvent {
  readonly _id: number
  readonly event: string
  readonly fence: number
}

/** A task's JSON text as it is answered. */
export const toText = (task: Entity): string => JSON.stringify(task)

export const toStored = (task: Entity): StoredTask => ({
  id: task.id,
  version: task.version,
  json: toText(task),
})

/** What the documents of a table's tasks hold. */
export const createDocuments = (table: FieldTable) => {
  const sortKeys = createSortKeys(table)

  return {
    /** What a change writes of it: its words only if they differ, as each is an entry of an index. */
    changedState: (before: Entity, after: Entity): Partial<TaskDocument> => ({
      task: after,
      order: sortKeys(after),
      ...(table.haveSameWords(before, after) ? {} : { words: table.wordsOf(after) }),
    }),

    newTask: (
      task: Entity,
      event: NewTaskEvent,
      keys: readonly StoredKey[],
      link: IssueLink | undefined,
    ): TaskDocument => ({
      ...at(task.id),
      rev: 1,
      task,
      order: sortKeys(task),
      words: table.wordsOf(task),
      pending: [{ version: task.version, ...event }],
      keys,
      ...(link && { link }),
    }),
  }
}

/** No UUID, and after them all: the newest id is never one of these. It ends with its bucket, as a task's id does. */
export const claimId = (key: string): string => `key:${key}:${bucketOfKey(key)}`

export const newClaim = (key: StoredKey): TaskDocument => ({
  ...at(claimId(key.key)),
  rev: 1,
  ended: true,
  pending: [],
  keys: [key],
})

/** Names one document among all servers of a cluster, so that a read or write of it goes to one of them. */
export const at = (id: string) => ({ _id: id, bucket: bucketOfId(id) })

/** Ordered by task, then by version. */
export const eventKey = (taskId: string, version: number): string =>
  `${taskId}/${String(version).padStart(10, '0')}`
