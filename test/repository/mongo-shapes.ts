import type { Document } from 'mongodb'
import type { Interval, Position, Sort, TaskFilter } from '#src/core/task-query.ts'
import { SYNC_STATUSES } from '#src/core/task-sync.ts'
import { planList } from '#src/repository/mongo/list-plan.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import type { Shape } from './mongo-planner.ts'
import { sortName } from './task-model.ts'

/** A choice for each part of a filter, in every combination. */
type Choices = { readonly [Part in keyof TaskFilter]: readonly TaskFilter[Part][] }

const combine = (choices: Choices): TaskFilter[] =>
  Object.entries(choices).reduce<TaskFilter[]>(
    (filters, [part, values]) =>
      filters.flatMap((filter) => values.map((value) => (value === undefined ? filter : { ...filter, [part]: value }))),
    [{}],
  )

const INTERVAL: Interval = { from: instantAt(3), before: instantAt(12) }
const INTERVALS: readonly Interval[] = [INTERVAL, { from: instantAt(3) }, { before: instantAt(12) }]

/** Whether each part of a filter is there or not; of labels and words none, one or two. */
export const EVERY_FILTER: readonly TaskFilter[] = combine({
  status: [undefined, ['pending', 'completed']],
  priority: [undefined, ['high']],
  labels: [undefined, ['ops'], ['ops', 'ÄÖ']],
  words: [undefined, ['bro'], ['bro', '東']],
  externalReferenceId: [undefined, '4711'],
  created: [undefined, INTERVAL],
  updated: [undefined, INTERVAL],
  due: [undefined, INTERVAL],
})

const STATES: Choices = {
  status: [undefined, ['pending'], ['pending', 'completed'], ['pending', 'in_progress', 'completed']],
  priority: [undefined, ['high'], ['low', 'high'], ['low', 'medium', 'high']],
}

const INTERVAL_OF = {
  created_at: 'created',
  updated_at: 'updated',
  due_at: 'due',
  priority: undefined,
  title: undefined,
} as const

/** The lists that docs/performance.md calls as cheap at a million tasks as at a thousand. */
export const flatFilters = ({ key }: Sort): TaskFilter[] => {
  const interval = INTERVAL_OF[key]
  const states = combine({ ...STATES, ...(interval && { [interval]: [undefined, ...INTERVALS] }) })
  return key === 'created_at' ? [...states, ...combine({ labels: [['ops']], created: [undefined, ...INTERVALS] })] : states
}

/** At the beginning, after a task, and after one without a due date. */
export const positionsOf = ({ key }: Sort): (Position | undefined)[] => {
  const id = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'
  const value = { created_at: instantAt(5), updated_at: instantAt(5), due_at: instantAt(5), priority: 'medium', title: 'b' }[key]
  return [undefined, { value, id }, ...(key === 'due_at' ? [{ value: null, id }] : [])]
}

export const listShape = (filter: TaskFilter, sort: Sort, after: Position | undefined): Shape => {
  const place = after === undefined ? 'at the beginning' : `after ${JSON.stringify(after.value)}`
  const plan = planList({ filter, sort }, after)
  const name = `a list by ${sortName(sort)} of ${JSON.stringify(filter)}, ${place}`
  return { name, filter: plan.filter, sort: plan.sort as Document }
}

const at = { _id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e', bucket: '3c4d5e' }
const now = new Date(0)
const none = { $exists: false }

/** What is asked beside lists, file by file, and the index that answers it. The suite's recording is held against the model as well. */
export const TASK_SHAPES: readonly (Shape & { readonly by: string })[] = [
  {
    name: 'lookups.ts: the tasks that are read, and what changes are decided upon',
    filter: { _id: { $in: [at._id, 'another'] }, bucket: { $in: [at.bucket, 'fedcba'] } },
    by: '_id_',
  },
  { name: 'reads.ts: the events of a task that wait', filter: at, by: '_id_' },
  { name: 'reads.ts: the newest id', filter: { _id: { $lt: 'g' } }, sort: { _id: -1 }, by: '_id_' },
  { name: 'commits.ts: a change', filter: { ...at, rev: 7 }, by: '_id_' },
  {
    name: 'key-records.ts: whose key it is',
    filter: { bucket: '3c4d5e', 'keys.key': 'retry-1' },
    by: 'by_idempotency_key',
  },
  { name: 'key-records.ts: an expired record goes', filter: at, by: '_id_' },
  { name: 'key-records.ts: an emptied claim goes', filter: { ...at, 'keys.0': none }, by: '_id_' },
  {
    name: 'publish.ts: the events that wait, and the oldest of them',
    filter: { 'pending.time': { $exists: true } },
    sort: { 'pending.time': 1 },
    by: 'by_pending_event',
  },
  { name: 'publish.ts: a tombstone goes', filter: { ...at, rev: 7 }, by: '_id_' },
  {
    name: 'publish.ts: published events go',
    filter: { _id: { $in: Array.from({ length: 250 }, (_, index) => `${index}`) } },
    by: '_id_',
  },
  { name: 'publish.ts: expired keys', filter: { 'keys.expires_at': { $lte: now } }, by: 'by_key_expiry' },
  {
    name: 'publish.ts: emptied tombstones',
    filter: { ended: true, 'keys.0': none, 'pending.0': none, link: none },
    by: 'by_end',
  },
  {
    name: 'title-keys.ts: the tasks without a key',
    filter: {
      'task.status': { $in: ['pending', 'in_progress', 'completed'] },
      'task.priority': { $in: ['low', 'medium', 'high'] },
      'order.title_key': null,
    },
    by: 'by_state_and_title_key',
  },
  { name: 'title-keys.ts: a key', filter: { ...at, 'task.title': 'a', 'order.title_key': null }, by: '_id_' },
  {
    name: 'title-scan.ts: the titles',
    filter: { _id: { $gt: '' }, 'order.created_at': { $gt: '' } },
    sort: { _id: 1 },
    by: '_id_',
  },
  { name: 'title-scan.ts: the tasks', filter: { _id: { $in: [at._id] }, 'order.created_at': { $gt: '' } }, by: '_id_' },
  { name: 'sync.ts: the link of a task', filter: at, by: '_id_' },
  { name: 'sync.ts: the link of an issue', filter: { 'link.issue.id': '4711' }, sort: { _id: 1 }, by: 'by_issue' },
  {
    name: 'sync.ts: the links that are due',
    filter: { 'link.nextAttemptAt': { $gt: 0, $lte: 7 } },
    sort: { 'link.nextAttemptAt': 1 },
    by: 'by_link_attempt',
  },
  { name: 'sync.ts: the links of a state', filter: { 'link.status': 'dead', _id: { $gt: '' } }, sort: { _id: 1 }, by: 'by_link' },
  {
    name: 'sync.ts: how many links there are of each state',
    filter: { 'link.status': { $in: [...SYNC_STATUSES] } },
    by: 'by_link',
  },
  {
    name: 'sync.ts: the tasks without a link',
    filter: { 'link.status': null, _id: { $gt: '', $lt: 'g' }, task: { $exists: true } },
    sort: { _id: 1 },
    by: 'by_link',
  },
]

export const DELIVERY_SHAPES: readonly (Shape & { readonly by: string })[] = [
  { name: 'sync.ts: the deliveries that are open', filter: { is_open: true }, sort: { received_at: 1 }, by: 'by_receipt' },
  { name: 'sync.ts: a delivery that is dealt with', filter: { _id: 'd' }, by: '_id_' },
  {
    name: 'sync.ts: the deliveries to be forgotten',
    filter: { is_open: false, received_at: { $lt: 7 } },
    sort: { received_at: 1 },
    by: 'by_receipt',
  },
]

const identity = { $gt: `${at._id}/0000000000`, $lt: `${at._id}/9007199254740991` }

export const EVENT_SHAPES: readonly (Shape & { readonly by: string })[] = [
  { name: 'reads.ts: a history', filter: { event: identity }, sort: { event: 1 }, by: 'by_event' },
  { name: 'reads.ts: the newest id that an event names', filter: {}, sort: { event: -1 }, by: 'by_event' },
  { name: 'publish.ts: the end of the sequence', filter: {}, sort: { _id: -1 }, by: '_id_' },
  {
    name: 'publish.ts: which events are published',
    filter: { event: { $in: Array.from({ length: 1000 }, (_, index) => `${index}`) } },
    by: 'by_event',
  },
]

export const OTHER_SHAPES: readonly (Shape & { readonly by: string })[] = [
  { name: 'lease.ts: who has it', filter: { _id: 'relay' }, by: '_id_' },
  { name: 'lease.ts: keep', filter: { _id: 'relay', holder: 'a', expires_at: { $gt: now } }, by: '_id_' },
  { name: 'lease.ts: take', filter: { _id: 'relay', expires_at: { $lte: now } }, by: '_id_' },
  { name: 'lease.ts: whose it is, and release', filter: { _id: 'relay', holder: 'a' }, by: '_id_' },
  { name: 'sync.ts: a value by its name', filter: { _id: 'github-cursor' }, by: '_id_' },
  { name: 'migrate.ts: the versions', filter: { _id: { $in: ['schema', 'title_keys'] } }, by: '_id_' },
  { name: 'title-keys.ts: whether all have theirs', filter: { _id: 'title_keys' }, by: '_id_' },
]
