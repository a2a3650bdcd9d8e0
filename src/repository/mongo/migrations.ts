import type { IndexDescription } from 'mongodb'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import { sortKeyName } from './sort-keys.ts'

/**
 * The version of the documents that this program writes and reads. 2: a task has a link to its
 * issue, which a program of version 1 would leave as it is when it changes the task. 3: a task has
 * its `order.title_key`, which a program of version 2 drops when it changes the task. During an
 * upgrade such a program may still run beside this one; sort-key-fill.ts adds the key again. And
 * the idempotency key of a change has no answer with it, which a program of version 2 would look
 * for. 4: the state of a companion has another name (RENAMED_STATES), and a task does not show it.
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
/**
 * The document in `meta` that says that every task has the sort keys of a later field, and that its
 * indexes are there.
 */
export const markerOf = ({ name }: NamedField): string => `${name}_keys`

/** Of a folded field, which sorts by another key since version 3: the index of version 2. */
export const earlierIndex = ({ name }: NamedField): string => `by_state_and_${name}`

/**
 * The fields whose indexes and sort keys a database may lack: sort-key-fill.ts adds them. A folded
 * one has another key since version 3.
 */
export const laterFields = ({ fields }: FieldTable): NamedField[] =>
  fields.filter(
    ({ isLater, sort, filter, leads }) =>
      (isLater || sort === 'folded') &&
      (sort !== undefined || (filter !== undefined && leads !== true)),
  )

/**
 * The indexes of a field. Each direction of a sort that has a key of its own has one, led by the
 * leading fields; `order.…` ends with the id, so a page is one range of it wherever it begins. It
 * also finds the tasks that lack the key: their entry is null.
 */
export const fieldIndexes = ({ fields }: FieldTable, field: NamedField): IndexDescription[] => {
  const { name, sort, filter, leads } = field
  const leading = fields.filter((one) => one.leads).map((one) => [`task.${one.name}`, 1] as const)
  const keys = new Set([sortKeyName(field, false), sortKeyName(field, true)])
  const bySort = (sort === undefined ? [] : [...keys]).map((key) => ({
    name: `by_state_and_${key}`,
    key: { ...Object.fromEntries(leading), [`order.${key}`]: 1 } as const,
  }))
  if (filter === undefined || leads || filter.by === 'interval') return bySort
  const path = `task.${name}`
  const byValue = {
    name: `by_${filter.name ?? name}`,
    ...(filter.by === 'all'
      ? { key: { [path]: 1, 'order.created_at': 1 } as const }
      : { key: { [path]: 1 } as const, partialFilterExpression: { [path]: { $gt: '' } } }),
  }
  return [...bySort, byValue]
}

/** The indexes of the tasks; those of a later field only if the database has filled it. */
export const taskIndexes = (
  table: FieldTable,
  isFilled: (later: NamedField) => boolean = () => true,
): IndexDescription[] => {
  const unfilled = laterFields(table).filter((field) => !isFilled(field))
  const fields = table.fields.filter((field) => !unfilled.includes(field))
  return [...fields.flatMap((field) => fieldIndexes(table, field)), ...TASK_INDEXES]
}

/**
 * What commits need in each collection: keys that are used, keys that expire, events that wait, and
 * tombstones. A unique index begins with the bucket, as it must where the collection is sharded by
 * it.
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
 * The default order of the whole list, words, and what commits, relay and sync look for. The
 * partial ones hold the few documents that have what they are asked for; `by_link` is none, as it
 * also finds the tasks without a link.
 */
const TASK_INDEXES: readonly IndexDescription[] = [
  { name: 'by_created_at', key: { 'order.created_at': 1 } },
  { name: 'by_word', key: { words: 1 } },
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
 * collection is not sharded, so the unique one need not begin with a bucket: the key of a record
 * may change, the bucket that its id names may not.
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

/** Messages that are not processed yet, and processed ones by their age. */
export const DELIVERY_INDEXES: readonly IndexDescription[] = [
  { name: 'by_receipt', key: { is_open: 1, received_at: 1 } },
]

/**
 * An event's identity is unique, so that none is published twice. Its place in the sequence is
 * `_id`.
 */
export const EVENT_INDEXES: readonly IndexDescription[] = [
  { name: 'by_event', key: { event: 1 }, unique: true },
]
