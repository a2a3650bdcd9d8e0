import fc from 'fast-check'
import { tokenize } from '#src/core/search.ts'
import {
  type Interval,
  type Position,
  positionOf,
  type Sort as QuerySort,
} from '#src/core/task-query.ts'
import { titleKey } from '#src/core/title-key.ts'
import type { Task, TaskDraft, TaskPriority, TaskStatus } from '#src/task/task.ts'
import {
  byCodePoint,
  instantAt,
  instants,
  LABELS,
  PRIORITIES,
  STATUSES,
} from '../core/task-arbitraries.ts'

/** All parts must hold: `words` each begin a word of the title or the description. */
export type TaskFilter = {
  readonly status?: readonly TaskStatus[]
  readonly priority?: readonly TaskPriority[]
  readonly labels?: readonly string[]
  readonly due_at?: Interval
  readonly created_at?: Interval
  readonly updated_at?: Interval
  readonly external_reference_id?: readonly string[]
  readonly words?: readonly string[]
}

/** The list of a query as its doc comments define it, from tasks in memory. */
export const listOf = (
  tasks: readonly Task[],
  filter: TaskFilter,
  sort: Sort,
  after?: Position,
): Task[] =>
  tasks
    .filter(
      (task) =>
        isFound(task, filter) &&
        (after === undefined || compare(positionOf(task, sort), after, sort) > 0),
    )
    .sort((a, b) => compare(positionOf(a, sort), positionOf(b, sort), sort))

const isFound = (task: Task, filter: TaskFilter): boolean => {
  const words = tokenize(`${task.title}\n${task.description}`)
  return (
    (filter.status?.includes(task.status) ?? true) &&
    (filter.priority?.includes(task.priority) ?? true) &&
    (filter.labels?.every((label) => task.labels.includes(label)) ?? true) &&
    (filter.words?.every((sought) => words.some((word) => word.startsWith(sought))) ?? true) &&
    (filter.external_reference_id?.includes(task.external_reference_id ?? '') ?? true) &&
    isWithin(task.due_at, filter.due_at) &&
    isWithin(task.created_at, filter.created_at) &&
    isWithin(task.updated_at, filter.updated_at)
  )
}

const isWithin = (instant: string | null, interval: Interval | undefined): boolean =>
  interval === undefined ||
  (instant !== null &&
    instant >= (interval.from ?? '') &&
    (interval.before === undefined || instant < interval.before))

const compare = (a: Position, b: Position, sort: Sort): number => {
  if (a.value === null || b.value === null) {
    if (a.value !== b.value) return a.value === null ? 1 : -1
  }
  const order = compareValues(a.value ?? '', b.value ?? '', sort) || byCodePoint(a.id, b.id)
  return sort.descending ? -order : order
}

const compareValues = (a: string, b: string, { key }: Sort): number => {
  const ranks: readonly string[] = PRIORITIES
  if (key === 'priority') return ranks.indexOf(a) - ranks.indexOf(b)
  return key === 'title' ? byCodePoint(titleKey(a), titleKey(b)) : byCodePoint(a, b)
}

const SORT_KEYS = ['created_at', 'updated_at', 'due_at', 'priority', 'title'] as const

export type Sort = QuerySort<(typeof SORT_KEYS)[number]>

export const ALL_SORTS: readonly Sort[] = SORT_KEYS.flatMap((key) =>
  [false, true].map((descending) => ({ key, descending })),
)

export const sortName = ({ key, descending }: Sort): string => `${descending ? '-' : ''}${key}`

export const sorts: fc.Arbitrary<Sort> = fc.constantFrom(...ALL_SORTS)

const TITLES = [
  'a',
  'B',
  'b',
  'Äpfel kaufen',
  'apfelmus',
  '\u{1F600}',
  '\uFFFD',
  '\u{10000}',
  'é',
  'e\u0301',
  'Brot',
  'brot',
]
const DESCRIPTIONS = ['', 'Brot und Butter', 'or not and near', '東京 v2', 'ΟΔΟΣ']

/** The draft of the index-th task of a mixed list: every field takes each of its values, most of them shared. */
export const mixedDraft = (index: number): TaskDraft => ({
  title: TITLES[index % TITLES.length] ?? '',
  description: DESCRIPTIONS[index % DESCRIPTIONS.length] ?? '',
  status: STATUSES[index % 3] ?? 'pending',
  priority: PRIORITIES[Math.floor(index / 2) % 3] ?? 'low',
  labels: LABELS.filter((_, bit) => ((index * 7) >> bit) & 1),
  due_at: index % 4 === 0 ? null : instantAt((index * 5) % 17),
  external_reference_id: index % 3 === 0 ? String(index % 5) : null,
})

const intervals: fc.Arbitrary<Interval> = fc
  .record({ from: instants, before: instants }, { requiredKeys: [] })
  .filter(({ from, before }) => from !== undefined || before !== undefined)

const words = fc
  .constantFrom(...TITLES, ...DESCRIPTIONS, 'Butter', 'xyz')
  .map((text) => tokenize(text).map((word) => word.slice(0, 3)))

export const filters: fc.Arbitrary<TaskFilter> = fc.record(
  {
    status: fc.subarray([...STATUSES], { minLength: 1 }),
    priority: fc.subarray([...PRIORITIES], { minLength: 1 }),
    labels: fc.subarray([...LABELS], { minLength: 1, maxLength: 2 }),
    due_at: intervals,
    created_at: intervals,
    updated_at: intervals,
    external_reference_id: fc.constantFrom(['0'], ['3'], ['none']),
    words: words.filter((found) => found.length > 0),
  },
  { requiredKeys: [] },
)
