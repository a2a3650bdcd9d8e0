import type { Document } from 'mongodb'
import type { Interval, Position } from '#src/core/task-query.ts'
import { planList } from '#src/repository/mongo/list-plan.ts'
import { TASK } from '#src/task/task.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import type { Shape } from './mongo-planner.ts'
import { type Sort, sortName, type TaskFilter } from './task-model.ts'

/** Filters with every combination of these values; undefined leaves the part out. */
const combine = (
  values: { readonly [Part in keyof TaskFilter]: readonly TaskFilter[Part][] },
): TaskFilter[] =>
  Object.entries(values).reduce<TaskFilter[]>(
    (filters, [part, choices]) =>
      filters.flatMap((filter) =>
        choices.map((value) => (value === undefined ? filter : { ...filter, [part]: value })),
      ),
    [{}],
  )

const INTERVAL: Interval = { from: instantAt(3), before: instantAt(12) }
const INTERVALS: readonly Interval[] = [INTERVAL, { from: instantAt(3) }, { before: instantAt(12) }]

/** Every part of a filter, with one value and with several. */
const PARTS: readonly TaskFilter[] = [
  { status: ['pending', 'completed'] },
  { priority: ['high'] },
  { labels: ['ops'] },
  { labels: ['ops', 'ÄÖ'] },
  { words: ['bro'] },
  { words: ['bro', '東'] },
  { external_reference_id: ['4711'] },
  { created_at: INTERVAL },
  { updated_at: INTERVAL },
  { due_at: INTERVAL },
]

/** Each part of a filter alone, and every two of them. */
export const FILTERS: readonly TaskFilter[] = [
  {},
  ...PARTS.flatMap((part) => PARTS.map((other) => ({ ...part, ...other }))),
]

/** The lists that docs/performance.md calls as cheap at a million tasks as at a thousand. */
export const flatFilters = ({ key }: Sort): TaskFilter[] => {
  const interval = {
    created_at: 'created_at',
    updated_at: 'updated_at',
    due_at: 'due_at',
    priority: undefined,
    title: undefined,
  }[key]
  const states = combine({
    status: [undefined, ['pending'], ['pending', 'completed']],
    priority: [undefined, ['high'], ['low', 'high']],
    ...(interval && { [interval]: [undefined, ...INTERVALS] }),
  })
  return key === 'created_at'
    ? [...states, ...combine({ labels: [['ops']], created_at: [undefined, ...INTERVALS] })]
    : states
}

/** At the beginning, after a task, and after one without a due date. */
export const positionsOf = ({ key }: Sort): (Position | undefined)[] => {
  const id = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'
  const value = {
    created_at: instantAt(5),
    updated_at: instantAt(5),
    due_at: instantAt(5),
    priority: 'medium',
    title: 'b',
  }[key]
  return [undefined, { value, id }, ...(key === 'due_at' ? [{ value: null, id }] : [])]
}

export const listShape = (filter: TaskFilter, sort: Sort, after: Position | undefined): Shape => {
  const place = after === undefined ? 'at the beginning' : `after ${JSON.stringify(after.value)}`
  const plan = planList(TASK, { filter, sort }, after)
  const name = `a list by ${sortName(sort)} of ${JSON.stringify(filter)}, ${place}`
  return { name, filter: plan.filter, sort: plan.sort as Document }
}
