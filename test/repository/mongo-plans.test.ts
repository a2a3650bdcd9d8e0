import type { Document, IndexDescription } from 'mongodb'
import { describe, expect, test } from 'vitest'
import {
  DELIVERY_INDEXES,
  EVENT_INDEXES,
  RECORD_INDEXES,
  taskIndexes,
} from '#src/repository/mongo/migrations.ts'
import { TASK } from '#src/task/task.ts'
import { hasTwoArrays, type Plan, plansOf } from './mongo-planner.ts'
import { FILTERS, flatFilters, listShape, positionsOf } from './mongo-shapes.ts'
import { ALL_SORTS, type Sort, type TaskFilter } from './task-model.ts'

const TASK_INDEXES = taskIndexes(TASK)

type Indexes = readonly IndexDescription[]

/** The fields by which a filter finds a few tasks among many, whatever the sort is. */
const waysIn = ({ words, labels, external_reference_id }: TaskFilter): string[] => [
  ...(words === undefined ? [] : ['words']),
  ...(labels === undefined ? [] : ['task.labels']),
  ...(external_reference_id === undefined ? [] : ['task.external_reference_id']),
]

/** The lists for which no plan is good enough. */
const slowLists = (
  filters: readonly TaskFilter[],
  sort: Sort,
  isGood: (plans: Plan[], filter: TaskFilter) => boolean,
  indexes: Indexes,
) =>
  filters.flatMap((filter) =>
    positionsOf(sort)
      .map((after) => listShape(filter, sort, after))
      .filter((shape) => !isGood(plansOf(shape, indexes), filter))
      .map(({ name }) => name),
  )

/** The server neither sorts nor scans: one index has the order, and one has each way in. */
const isServed = (plans: Plan[], filter: TaskFilter): boolean =>
  plans.some(({ isOrdered }) => isOrdered) &&
  waysIn(filter).every((path) => plans.some(({ bounded }) => bounded[0] === path))

/** A list that costs the same at any number of tasks reads no more of its index than it returns. */
const isFlat = (plans: Plan[]): boolean => plans.some(({ isExact }) => isExact)

const problems = (sort: Sort, indexes: Indexes = TASK_INDEXES): string[] => [
  ...slowLists(FILTERS, sort, isServed, indexes),
  ...slowLists(flatFilters(sort), sort, isFlat, indexes),
]

/** What is asked beside lists, where a partial index answers. All that is really sent is recorded in mongo.mongodb.ts. */
const SINGLE: readonly [index: string, filter: Document, sort?: Document][] = [
  ['by_idempotency_key', { bucket: '3c4d5e', 'keys.key': 'retry-1' }],
  ['by_key_expiry', { 'keys.expires_at': { $lte: new Date(0) } }],
  ['by_pending_event', { 'pending.time': { $exists: true } }, { 'pending.time': 1 }],
  ['by_link', { 'link.status': 'failed', _id: { $gt: '' } }, { _id: 1 }],
  ['by_link_attempt', { 'link.nextAttemptAt': { $gt: 0, $lte: 7 } }, { 'link.nextAttemptAt': 1 }],
  ['by_reference', { 'link.reference': '4711' }, { _id: 1 }],
  ['by_issue', { 'link.issue.id': '4711' }, { _id: 1 }],
  ['by_end', { ended: true, 'keys.0': { $exists: false } }],
  [
    'by_state_and_title_key',
    {
      'task.status': { $in: ['pending', 'in_progress', 'completed'] },
      'task.priority': { $in: ['low', 'medium', 'high'] },
      'order.title_key': null,
    },
  ],
  ['by_receipt', { is_open: true }, { received_at: 1 }],
  ['by_event', { event: { $gt: 'id/0', $lt: 'id/9' } }, { event: 1 }],
]

const ENTITY = { entity: { $exists: true } }

/** What is asked of records, and the index that answers it. */
const OF_RECORDS: readonly [index: string, filter: Document, sort?: Document][] = [
  ['by_kind', { kind: 'note', _id: { $gt: '' }, ...ENTITY }, { _id: 1 }],
  ['by_parent', { kind: 'note', parent_id: 'x', _id: { $gt: '' }, ...ENTITY }, { _id: 1 }],
  ['by_unique_key', { kind: 'note', unique_key: 'x' }],
  ['by_idempotency_key', { bucket: '3c4d5e', 'keys.key': 'retry-1' }],
  ['by_key_expiry', { 'keys.expires_at': { $lte: new Date(0) } }],
  ['by_pending_event', { 'pending.time': { $exists: true } }, { 'pending.time': 1 }],
  ['by_end', { ended: true, 'keys.0': { $exists: false } }],
]

const INDEXES = [...TASK_INDEXES, ...DELIVERY_INDEXES, ...EVENT_INDEXES]

describe('on MongoDB', () => {
  test.for(ALL_SORTS)(
    'a list by $key (descending: $descending) is read from indexes, with any filter, from any place',
    (sort) => {
      expect(problems(sort)).toEqual([])
    },
  )

  test.for(SINGLE)('%s answers what it is for', ([index, filter, sort]) => {
    const plans = plansOf({ name: index, filter, ...(sort && { sort }) }, INDEXES)
    expect(plans).toContainEqual(expect.objectContaining({ index, isOrdered: true }))
  })

  test.for(OF_RECORDS)('%s of the records answers what it is for', ([index, filter, sort]) => {
    const plans = plansOf({ name: index, filter, ...(sort && { sort }) }, RECORD_INDEXES)
    expect(plans).toContainEqual(expect.objectContaining({ index, isOrdered: true }))
    expect(RECORD_INDEXES.map(({ name }) => name)).toEqual(OF_RECORDS.map(([name]) => name))
  })

  test('each index is needed', () => {
    const others = TASK_INDEXES.filter(({ name }) => !SINGLE.some(([index]) => index === name))
    const isNeeded = (one: IndexDescription): boolean =>
      ALL_SORTS.some(
        (sort) =>
          problems(
            sort,
            TASK_INDEXES.filter((index) => index !== one),
          ).length > 0,
      )
    expect(others.filter((index) => !isNeeded(index))).toEqual([])
    const tried = new Set([...others.map(({ name }) => name), ...SINGLE.map(([index]) => index)])
    expect([...tried].sort()).toEqual(INDEXES.map(({ name }) => name).sort())
  })

  test('no index is on two arrays, which a server refuses', () => {
    expect([...INDEXES, ...RECORD_INDEXES].filter(hasTwoArrays)).toEqual([])
  })
})

describe('the model of the server', () => {
  const plan = (
    filter: object,
    sort: Record<string, 1 | -1>,
    key: Record<string, 1>,
    partialFilterExpression?: object,
  ) =>
    plansOf({ name: '', filter, sort }, [
      { name: 'tried', key, ...(partialFilterExpression && { partialFilterExpression }) },
    ]).find(({ index }) => index === 'tried')

  test('merges up to 200 points in order, and no more', () => {
    const of = (count: number) => ({
      a: { $in: Array.from({ length: count }, (_, value) => value) },
    })
    expect(plan(of(200), { b: 1 }, { a: 1, b: 1 })).toMatchObject({ isOrdered: true })
    expect(plan(of(201), { b: 1 }, { a: 1, b: 1 })).toMatchObject({ isOrdered: false })
  })

  test('finds no order behind a range, or behind a field that is not asked for', () => {
    expect(plan({ a: { $gt: 1 } }, { b: 1 }, { a: 1, b: 1 })).toMatchObject({ isOrdered: false })
    expect(plan({}, { b: 1 }, { a: 1, b: 1 })).toBeUndefined()
  })

  test('uses a partial index only for what it surely holds', () => {
    const exists = { 'keys.key': { $exists: true } }
    expect(plan({ 'keys.key': 'x' }, { 'keys.key': 1 }, { 'keys.key': 1 }, exists)).toBeDefined()
    expect(
      plan({ 'keys.key': { $exists: false } }, { 'keys.key': 1 }, { 'keys.key': 1 }, exists),
    ).toBeUndefined()
  })

  test('bounds an array by one condition alone, and then does not sort by it', () => {
    expect(plan({ words: { $all: [/^a/, /^b/] } }, { _id: 1 }, { words: 1 })).toMatchObject({
      isExact: false,
    })
    expect(
      plan({ 'pending.time': { $gt: '' } }, { 'pending.time': 1 }, { 'pending.time': 1 })
        ?.isOrdered,
    ).toBe(false)
  })
})
