import { type State, toStored } from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { NewEvent, StoredEvent } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { bucketOfId, bucketOfKey } from '../../core/placement.ts'
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
  readonly task?: TableEntity
  readonly order?: SortKeys
  readonly words?: readonly string[]
  readonly ended?: true
  readonly pending: readonly StoredEvent[]
  readonly keys: readonly StoredKey[]
  /** The job beside the task. A tombstone has it until its owner removes it. */
  readonly link?: StoredCompanion | OldLink
}

/** A companion, with its indexed fields named as those of 0.1.0. */
export interface StoredCompanion {
  readonly rev: number
  readonly status: string
  readonly nextAttemptAt: number | null
  readonly reference: string | null
  readonly data: Readonly<Record<string, unknown>>
}

/** The companion of 0.1.0, with all of its data beside each other. */
export interface OldLink {
  readonly rev: number
  readonly status: string
  readonly nextAttemptAt: number | null
  readonly issue: { readonly id: string } | null
}

export const fromCompanion = (companion: Companion): StoredCompanion => {
  const { rev, state, dueAt, reference, data } = companion
  return { rev, status: state, nextAttemptAt: dueAt, reference, data }
}

export const toCompanion = (taskId: string, link: StoredCompanion | OldLink): Companion => {
  const { rev, status: state, nextAttemptAt: dueAt } = link
  return 'data' in link
    ? { taskId, rev, state, dueAt, reference: link.reference, data: link.data }
    : { taskId, rev, state, dueAt, reference: link.issue?.id ?? null, data: { ...link } }
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
export type EventDocument = StoredEvent & {
  readonly _id: number
  readonly event: string
  readonly fence: number
}

export type Documents = ReturnType<typeof createDocuments>

/** What the documents of a table's tasks hold. */
export const createDocuments = (table: FieldTable) => {
  const toSortKeys = createSortKeys(table)

  return {
    /** A task's JSON text as it is answered. */
    toText: (task: TableEntity): string => toStored(table.withDefaults(task)).json,

    /** What a commit is decided upon. */
    toState: ({
      _id,
      task,
      link,
    }: Pick<TaskDocument, '_id' | 'task' | 'link'>): State<TableEntity> => ({
      entity: task && table.withDefaults(task),
      companion: link && toCompanion(_id, link),
    }),

    /** What a commit sets: the words only if they change, as each is an entry of an index. */
    toFields: (before: TableEntity | undefined, after: TableEntity): Partial<TaskDocument> => ({
      task: after,
      order: toSortKeys(after),
      ...(!(before && table.haveSameWords(before, after)) && { words: table.wordsOf(after) }),
    }),

    newTask: (
      task: TableEntity,
      event: NewEvent,
      keys: readonly StoredKey[],
      companion: Companion | undefined,
    ): TaskDocument => ({
      ...at(task.id),
      rev: 1,
      task,
      order: toSortKeys(task),
      words: table.wordsOf(task),
      pending: [event],
      keys,
      ...(companion && { link: fromCompanion({ ...companion, rev: 1 }) }),
    }),
  }
}

/** No UUID, and after them all: the newest id is never one of these. It ends with its bucket, as a task's id does. */
export const claimId = (key: string): string => `key:${key}:${bucketOfKey(key)}`

export const newKeyReservation = (key: StoredKey): TaskDocument => ({
  ...at(claimId(key.key)),
  rev: 1,
  ended: true,
  pending: [],
  keys: [key],
})

/** Names one document among all servers of a cluster, so that a read or write of it goes to one of them. */
export const at = (id: string) => ({ _id: id, bucket: bucketOfId(id) })

/** The id of the entity of an event, which is named by `eventKey`. */
export const entityOf = (event: string): string => event.slice(0, event.indexOf('/'))

/** Ordered by task, then by version. */
export const eventKey = (taskId: string, version: number): string =>
  `${taskId}/${String(version).padStart(10, '0')}`
