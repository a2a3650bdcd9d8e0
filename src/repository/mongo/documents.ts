import type { NewTaskEvent } from '../../core/event.ts'
import { bucketOfId, bucketOfKey } from '../../core/placement.ts'
import { tokenize } from '../../core/search.ts'
import type { IssueLink } from '../../github/issue/issue-link.ts'
import type { Task, TaskPriority } from '../../core/task.ts'
import type { SortKey } from '../../core/task-query.ts'
import type { StoredTask } from '../../core/task-repository.ts'
import { titleKey } from '../../core/title-key.ts'

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
  readonly task?: Task
  /** A key for each sort: its value, then the id, so that a place in a list is a range of one field. */
  readonly order?: Readonly<Record<OrderField, string>>
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

/** A task that was stored before there was a GitHub sync does not say that it has no issue. */
export const whole = (task: Task): Task =>
  task.sync === undefined ? { ...(task as Task), sync: null } : task

/** A task's JSON text as it is answered. */
export const toText = (task: Task): string => JSON.stringify(whole(task))

export const toStored = (task: Task): StoredTask => ({
  id: task.id,
  version: task.version,
  json: toText(task),
})

/** What a task's document holds beside its identity and its commits. */
export const toState = (task: Task) => ({
  task,
  order: toOrder(task),
  words: tokenize(`${task.title}\n${task.description}`),
})

export const newTask = (
  task: Task,
  event: NewTaskEvent,
  keys: readonly StoredKey[],
  link: IssueLink | undefined,
): TaskDocument => ({
  ...at(task.id),
  rev: 1,
  ...toState(task),
  pending: [{ version: task.version, ...event }],
  keys,
  ...(link && { link }),
})

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
