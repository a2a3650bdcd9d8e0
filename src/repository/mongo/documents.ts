import type { Entity, State } from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { NewEvent, StoredEvent } from '../../core/event.ts'
import { readTask } from '../../core/old-task.ts'
import { bucketOfId, bucketOfKey } from '../../core/placement.ts'
import { tokenize } from '../../core/search.ts'
import type { Task, TaskPriority } from '../../core/task.ts'
import type { SortKey } from '../../core/task-query.ts'
import { titleKey } from '../../core/title-key.ts'

/**
 * What every document has beside its entity, so that one document write is a whole commit: the
 * events that are not yet published and the idempotency keys of the requests that changed it. A
 * deleted entity stays as a tombstone (`ended`, without the entity) while it has events to publish
 * or keys to remember; the claim of a batch's key is such a document that never had an entity.
 */
export interface CommitDocument {
  readonly _id: string
  /** Where it is in a sharded collection: `bucketOfId`. */
  readonly bucket: string
  /** Grows with each write of a commit; a write is made only on the revision that it was decided upon. */
  readonly rev: number
  readonly ended?: true
  readonly pending: readonly StoredEvent[]
  readonly keys: readonly StoredKey[]
}

export interface TaskDocument extends CommitDocument {
  readonly task?: Task
  /** A key for each sort: its value, then the id, so that a place in a list is a range of one field. */
  readonly order?: Readonly<Record<OrderField, string>>
  readonly words?: readonly string[]
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

/**
 * `due_at_descending` ends with the tasks without a due date when it is read backwards, as `due_at`
 * does forwards. `title_key` is the order of titles; `title` is that of programs of version 2,
 * which may run beside this one during an upgrade.
 */
export type OrderField = SortKey | 'due_at_descending' | 'title_key'

const RANKS: Readonly<Record<TaskPriority, string>> = { low: '0', medium: '1', high: '2' }

/** Instants begin with a digit: `!` comes before and `~` after them all. */
export const WITHOUT_DATE = { first: '!', last: '~' } as const

export const priorityRank = (priority: string): string => RANKS[priority as TaskPriority]

/** No text holds a NUL, so a value is ordered before each longer one that begins with it. */
export const orderKey = (value: string, id: string): string => `${value}\0${id}`

const toOrder = (task: Task): Record<OrderField, string> => ({
  created_at: orderKey(task.created_at, task.id),
  updated_at: orderKey(task.updated_at, task.id),
  due_at: orderKey(task.due_at ?? WITHOUT_DATE.last, task.id),
  due_at_descending: orderKey(task.due_at ?? WITHOUT_DATE.first, task.id),
  priority: orderKey(priorityRank(task.priority), task.id),
  title: orderKey(task.title, task.id),
  title_key: titleOrderKey(task.title, task.id),
})

export const titleOrderKey = (title: string, id: string): string => orderKey(titleKey(title), id)

/** Fields of a document by name. */
export type DocumentFields = Readonly<Record<string, unknown>>

/** How the entities of one kind are held in their documents. */
export interface Documents<E extends Entity> {
  /** The field that has the entity. */
  readonly field: string
  /** What `toState` needs to make the entity. */
  readonly projection: Readonly<Record<string, 1>>
  /** Finds the documents, and the events, of this kind alone. */
  readonly filter: Readonly<Record<string, string>>
  readonly eventFilter: Readonly<Record<string, unknown>>
  /** What a commit is decided upon. */
  toState(document: CommitDocument): State<E>
  /** What the document holds of the entity, after `before`; an undefined field is removed. */
  toFields(entity: E, before?: E): DocumentFields
  /** The same of a deleted one. */
  readonly noFields: DocumentFields
  /** Finds the entity with the unique key of this one; undefined if it has none. */
  sameUniqueKey(entity: E): Readonly<Record<string, string>> | undefined
}

export const TASK_DOCUMENTS: Documents<Task> = {
  field: 'task',
  projection: { task: 1 },
  filter: {},
  /** Events of 0.1.0 have no resource. */
  eventFilter: { resource: { $in: ['task', null] } },

  toState(document) {
    const { _id, task, link } = document as TaskDocument
    return { entity: task && readTask(task), companion: link && toCompanion(_id, link) }
  },

  toFields(task, before) {
    const isReworded = before?.title !== task.title || before.description !== task.description
    const words = isReworded && { words: tokenize(`${task.title}\n${task.description}`) }
    return { task, order: toOrder(task), ...words }
  },

  noFields: { task: undefined, order: undefined, words: undefined },
  sameUniqueKey: () => undefined,
}

/** The document of a new entity. */
export const newDocument = <E extends Entity>(
  documents: Documents<E>,
  entity: E,
  event: NewEvent,
  keys: readonly StoredKey[],
  companion: Companion | undefined,
): CommitDocument => ({
  ...at(entity.id),
  rev: 1,
  ...defined(documents.toFields(entity)),
  pending: [event],
  keys,
  ...(companion && { link: fromCompanion({ ...companion, rev: 1 }) }),
})

/** The fields that have a value: the driver would write the others as null. */
export const defined = (fields: DocumentFields): DocumentFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** No UUID, and after them all: the newest id is never one of these. It ends with its bucket, as a task's id does. */
export const claimId = (key: string): string => `key:${key}:${bucketOfKey(key)}`

export const newKeyReservation = (key: StoredKey): CommitDocument => ({
  ...at(claimId(key.key)),
  rev: 1,
  ended: true,
  pending: [],
  keys: [key],
})

/** Names one document among all servers of a cluster, so that a read or write of it goes to one of them. */
export const at = (id: string) => ({ _id: id, bucket: bucketOfId(id) })

/** The id of the entity of an event. */
export const entityOf = (event: StoredEvent): string =>
  'resource_id' in event ? event.resource_id : event.task_id

/** Ordered by task, then by version. */
export const eventKey = (taskId: string, version: number): string =>
  `${taskId}/${String(version).padStart(10, '0')}`
