import type { IndexDescription } from 'mongodb'
import { describe, expect, test } from 'vitest'
import type { Sort, TaskFilter } from '#src/core/task-query.ts'
import { DELIVERY_INDEXES, EVENT_INDEXES, TASK_INDEXES } from '#src/repository/mongo/migrations.ts'
import { hasTwoArrays, type Plan, plansOf, type Shape } from './mongo-planner.ts'
import {
  DELIVERY_SHAPES,
  EVENT_SHAPES,
  EVERY_FILTER,
  flatFilters,
  listShape,
  OTHER_SHAPES,
  positionsOf,
  TASK_SHAPES,
} from './mongo-shapes.ts'
import { ALL_SORTS, sortName } from './task-model.ts'

type Indexes = readonly IndexDescription[]

const isOrdered = ({ isOrdered }: Plan): boolean => isOrdered

/** The ways in that a filter has beside its order: any index that begins with what it names. */
const waysIn = ({ words, labels, externalReferenceId }: TaskFilter): string[] => [
  ...(words === undefined ? [] : ['words']),
  ...(labels === undefined ? [] : ['task.labels']),
  ...(externalReferenceId === undefined ? [] : ['task.external_reference_id']),
]

/** What is wrong with a list of any kind: it needs a blocking sort, a scan, or has no index on what it is found by. */
const listProblems = (filter: TaskFilter, sort: Sort, indexes: Indexes): string[] =>
  positionsOf(sort).flatMap((after) => {
    const shape = listShape(filter, sort, after)
    const plans = plansOf(shape, indexes)
    const missing = waysIn(filter).filter((path) => !plans.some(({ bounded }) => bounded[0] === path))
    return [
      ...(plans.some(isOrdered) ? [] : [`${shape.name} has no index in its order`]),
      ...missing.map((path) => `${shape.name} has no index on ${path}`),
    ]
  })

/** A list that costs the same at any number of tasks reads only what it returns from its index. */
const flatProblems = (filter: TaskFilter, sort: Sort, indexes: Indexes): string[] =>
  positionsOf(sort)
    .map((after) => listShape(filter, sort, after))
    .filter((shape) => !plansOf(shape, indexes).some(({ isExact }) => isExact))
    .map(({ name }) => `${name} has no index that is equality, sort, range for it`)

const singleProblems = (shapes: readonly (Shape & { readonly by: string })[], indexes: Indexes): string[] =>
  shapes
    .filter((shape) => !plansOf(shape, indexes).some((plan) => plan.index === shape.by && plan.isOrdered))
    .map(({ name, by }) => `${name} cannot use ${by}`)

const taskProblems = (indexes: Indexes): string[] => [
  ...ALL_SORTS.flatMap((sort) => EVERY_FILTER.flatMap((filter) => listProblems(filter, sort, indexes))),
  ...ALL_SORTS.flatMap((sort) => flatFilters(sort).flatMap((filter) => flatProblems(filter, sort, indexes))),
  ...singleProblems(TASK_SHAPES, indexes),
]

describe('on MongoDB, whatever is asked for', () => {
  test.for(ALL_SORTS)(
    'a list by $key (descending: $descending) is read in its order, with any filter, from any place',
    (sort) => {
      expect(EVERY_FILTER).toHaveLength(576)
      expect(EVERY_FILTER.flatMap((filter) => listProblems(filter, sort, TASK_INDEXES))).toEqual([])
    },
  )

  test.for(ALL_SORTS)('a flat list by $key (descending: $descending) reads no more than it answers', (sort) => {
    const filters = flatFilters(sort)
    expect([sortName(sort), filters.length]).toEqual([
      sortName(sort),
      { created_at: 68, updated_at: 64, due_at: 64 }[sort.key as string] ?? 16,
    ])
    expect(filters.flatMap((filter) => flatProblems(filter, sort, TASK_INDEXES))).toEqual([])
  })

  test('what reads or writes one document, and what the relay and the sync look for, has its index', () => {
    expect(singleProblems(TASK_SHAPES, TASK_INDEXES)).toEqual([])
    expect(singleProblems(EVENT_SHAPES, EVENT_INDEXES)).toEqual([])
    expect(singleProblems(DELIVERY_SHAPES, DELIVERY_INDEXES)).toEqual([])
    expect(singleProblems(OTHER_SHAPES, [])).toEqual([])
  })

  test('no index is on two arrays, and none lacks a name', () => {
    const indexes = [...TASK_INDEXES, ...EVENT_INDEXES, ...DELIVERY_INDEXES]
    expect(indexes.filter((index) => hasTwoArrays(index) || index.name === undefined)).toEqual([])
  })
})

describe('an index that is missing is missed', () => {
  const NAMES: Readonly<Record<string, RegExp>> = {
    by_created_at: /^a list by created_at of \{\}, at the beginning has no index in its order/,
    by_state_and_created_at: /^a list by created_at of \{"status".* has no index that is equality, sort, range/,
    by_state_and_updated_at: /^a list by updated_at of .* has no index in its order/,
    by_state_and_due_at: /^a list by due_at of .* has no index in its order/,
    by_state_and_due_at_descending: /^a list by -due_at of .* has no index in its order/,
    by_state_and_priority: /^a list by priority of .* has no index in its order/,
    by_state_and_title_key: /^a list by -title of .* has no index in its order/,
    by_label: /^a list by created_at of \{"labels":\["ops"\]\}, .* has no index that is equality, sort, range/,
    by_word: /^a list by .* has no index on words/,
    by_external_reference_id: /^a list by .* has no index on task.external_reference_id/,
    by_idempotency_key: /^key-records.ts: whose key it is cannot use by_idempotency_key/,
    by_key_expiry: /^publish.ts: expired keys cannot use/,
    by_pending_event: /^publish.ts: the events that wait, .* cannot use/,
    by_link: /^sync.ts: the links of a state cannot use/,
    by_link_attempt: /^sync.ts: the links that are due cannot use/,
    by_issue: /^sync.ts: the link of an issue cannot use/,
    by_end: /^publish.ts: emptied tombstones cannot use/,
  }

  test('each of them is tried', () => {
    expect(Object.keys(NAMES)).toEqual(TASK_INDEXES.map(({ name }) => name))
  })

  test.for(Object.entries(NAMES))('%s', ([name, problem]) => {
    const problems = taskProblems(TASK_INDEXES.filter((index) => index.name !== name))
    expect(problems.find((text) => problem.test(text))).toBeDefined()
  })

  test('the receipt of deliveries', () => {
    expect(singleProblems(DELIVERY_SHAPES, [])).toEqual([
      'sync.ts: the deliveries that are open cannot use by_receipt',
      'sync.ts: the deliveries to be forgotten cannot use by_receipt',
    ])
  })

  test('the identity of events', () => {
    expect(singleProblems(EVENT_SHAPES, [])).toEqual([
      'reads.ts: a history cannot use by_event',
      'reads.ts: the newest id that an event names cannot use by_event',
      'publish.ts: which events are published cannot use by_event',
    ])
  })
})

describe('the model of the server', () => {
  const index = (key: Record<string, 1 | -1>, partialFilterExpression?: object): IndexDescription => ({
    name: 'tried',
    key,
    ...(partialFilterExpression && { partialFilterExpression }),
  })
  const plan = (filter: object, sort: Record<string, 1 | -1>, tried: IndexDescription) =>
    plansOf({ name: 'tried', filter, sort }, [tried]).find((one) => one.index === 'tried')

  test('merges up to 200 points in order, and no more', () => {
    const of = (count: number) => ({ a: { $in: Array.from({ length: count }, (_, value) => value) } })
    expect(plan(of(200), { b: 1 }, index({ a: 1, b: 1 }))).toMatchObject({ isOrdered: true, points: 200 })
    expect(plan(of(201), { b: 1 }, index({ a: 1, b: 1 }))).toMatchObject({ isOrdered: false })
  })

  test('does not find an order behind a range, or behind a field that is not asked for', () => {
    expect(plan({ a: { $gt: 1 } }, { b: 1 }, index({ a: 1, b: 1 }))).toMatchObject({ isOrdered: false })
    expect(plan({}, { b: 1 }, index({ a: 1, b: 1 }))).toBeUndefined()
  })

  test('uses a partial index only for what it surely holds', () => {
    const partial = index({ 'keys.key': 1 }, { 'keys.key': { $exists: true } })
    expect(plan({ 'keys.key': 'x' }, { 'keys.key': 1 }, partial)).toBeDefined()
    expect(plan({ other: 1 }, { 'keys.key': 1 }, partial)).toBeUndefined()
    expect(plan({ 'keys.key': { $exists: false } }, { 'keys.key': 1 }, partial)).toBeUndefined()
  })

  test('bounds an array by one condition alone, and then does not sort by it', () => {
    expect(plan({ words: { $all: [/^a/, /^b/] } }, { _id: 1 }, index({ words: 1 }))).toMatchObject({ isExact: false })
    expect(plan({ 'pending.time': { $gt: '' } }, { 'pending.time': 1 }, index({ 'pending.time': 1 }))?.isOrdered).toBe(false)
  })
})
