import type { IndexDescription } from 'mongodb'

/**
 * The version of the documents that this program writes and reads. 2: a task has a link to its
 * issue, which a program of version 1 would leave as it is when it changes the task. 3: a task has
 * its `order.title_key`, which a program of version 2 drops when it changes the task. During an
 * upgrade such a program may still run beside this one; title-keys.ts adds the key again. And the
 * idempotency key of a change has no answer with it, which a program of version 2 would look for.
 * 4: the state of a companion has another name (RENAMED_STATES), and a task does not show it.
 */
export const SCHEMA_VERSION = 4

/** The states of companions that had another name up to version 3. */
export const RENAMED_STATES = {
  posting: 'creating',
  uncertain: 'unconfirmed',
  dirty: 'outdated',
  patching: 'updating',
  remote_gone: 'issue_missing',
  dead: 'failed',
} as const

const exists = { $exists: true }
const state = { 'task.status': 1, 'task.priority': 1 } as const

/** It also finds the tasks that have no `order.title_key` yet: their entry in it is null. */
export const TITLE_INDEX: IndexDescription = {
  name: 'by_state_and_title_key',
  key: { ...state, 'order.title_key': 1 },
}

/** The index of version 2 that it replaces. */
export const EARLIER_TITLE_INDEX = 'by_state_and_title'

/**
 * What commits need in each collection: keys that are used, keys that expire, events that wait, and
 * tombstones. A unique index begins with the bucket, as it must where the collection is sharded by it.
 */
const COMMIT_INDEXES: readonly IndexDescription[] = [
  {
    name: 'by_idempotency_key',
    key: { bucket: 1, 'keys.key': 1 },
    unique: true,
    partialFilterExpression: { 'keys.key': exists },
  },
  {
    name: 'by_key_expiry',
    key: { 'keys.expires_at': 1 },
    partialFilterExpression: { 'keys.expires_at': exists },
  },
  {
    name: 'by_pending_event',
    key: { 'pending.time': 1 },
    partialFilterExpression: { 'pending.time': exists },
  },
  { name: 'by_end', key: { ended: 1 }, partialFilterExpression: { ended: true } },
]

/**
 * The indexes of the tasks. Each sort has one, led by status and priority; `order.…` ends with the id, so a page is one
 * range of it wherever it begins. The partial ones hold the few documents that have what they are asked for; `by_link` is none,
 * as it also finds the tasks without a link.
 */
export const TASK_INDEXES: readonly IndexDescription[] = [
  { name: 'by_created_at', key: { 'order.created_at': 1 } },
  { name: 'by_state_and_created_at', key: { ...state, 'order.created_at': 1 } },
  { name: 'by_state_and_updated_at', key: { ...state, 'order.updated_at': 1 } },
  { name: 'by_state_and_due_at', key: { ...state, 'order.due_at': 1 } },
  { name: 'by_state_and_due_at_descending', key: { ...state, 'order.due_at_descending': 1 } },
  { name: 'by_state_and_priority', key: { ...state, 'order.priority': 1 } },
  TITLE_INDEX,
  { name: 'by_label', key: { 'task.labels': 1, 'order.created_at': 1 } },
  { name: 'by_word', key: { words: 1 } },
  {
    name: 'by_external_reference_id',
    key: { 'task.external_reference_id': 1 },
    partialFilterExpression: { 'task.external_reference_id': { $gt: '' } },
  },
  ...COMMIT_INDEXES,
  { name: 'by_link', key: { 'link.status': 1, _id: 1 } },
  {
    name: 'by_link_attempt',
    key: { 'link.nextAttemptAt': 1 },
    partialFilterExpression: { 'link.nextAttemptAt': { $gt: 0 } },
  },
  {
    name: 'by_reference',
    key: { 'link.reference': 1, _id: 1 },
    partialFilterExpression: { 'link.reference': { $gt: '' } },
  },
  /** Companions of version 3 and below. */
  {
    name: 'by_issue',
    key: { 'link.issue.id': 1, _id: 1 },
    partialFilterExpression: { 'link.issue.id': exists },
  },
]

/**
 * The indexes of the records, which are listed by kind or parent in the order of their ids. The
 * collection is not sharded, so the unique one need not begin with a bucket: the key of a record may
 * change, the bucket that its id names may not.
 */
export const RECORD_INDEXES: readonly IndexDescription[] = [
  { name: 'by_kind', key: { kind: 1, _id: 1 } },
  {
    name: 'by_parent',
    key: { kind: 1, parent_id: 1, _id: 1 },
    partialFilterExpression: { parent_id: exists },
  },
  {
    name: 'by_unique_key',
    key: { kind: 1, unique_key: 1 },
    unique: true,
    partialFilterExpression: { unique_key: exists },
  },
  ...COMMIT_INDEXES,
]

/** The deliveries of GitHub that are to be dealt with, and those to be forgotten. */
export const DELIVERY_INDEXES: readonly IndexDescription[] = [
  { name: 'by_receipt', key: { is_open: 1, received_at: 1 } },
]

/** An event's identity is unique, so that none is published twice. Its place in the sequence is `_id`. */
export const EVENT_INDEXES: readonly IndexDescription[] = [
  { name: 'by_event', key: { event: 1 }, unique: true },
]
