import type { TaskPriority } from '../../core/task.ts'
import type { Interval, Position, SortKey, TaskFilter, TaskQuery } from '../../core/task-query.ts'
import { titleKey } from '../../core/title-key.ts'
import type { SQLInputValue } from './binding.ts'
import { PRIORITY_CODES, STATUS_CODES, toMilliseconds } from './columns.ts'

/** One statement of a plan. Selects keys of tasks in order; its last parameter, the number of rows, is given when it runs. */
export interface Leg {
  readonly sql: string
  readonly parameters: readonly SQLInputValue[]
}

/** How a list is read: its legs one after the other until enough rows came. */
export interface ListPlan {
  readonly legs: readonly Leg[]
  /** Whether an index holds the answer in its order, so that it costs the same however many tasks there are. */
  readonly isFlat: boolean
}

/** A position with the row key in place of the id: keys ascend as ids do, and are what the indexes end with. */
export interface KeyPosition {
  readonly value: Position['value']
  readonly key: number
}

/**
 * A stretch of a sorted list: what lies beyond a value, what shares the value but lies beyond a key, and the tasks
 * without a value, which come last. Each is one range of an index, which `(value, key) > (…)` would not be.
 */
type Stretch =
  | { readonly kind: 'valued'; readonly beyond?: SQLInputValue }
  | { readonly kind: 'tied'; readonly value: SQLInputValue; readonly key: number }
  | { readonly kind: 'valueless'; readonly key?: number }

/**
 * `isKeyOrder`: every task was created at or after those with smaller keys, so that keys have the
 * default order. `hasTitles`: every task has its row in `task_titles`; until then those without are
 * sorted for each list (title-fill.ts).
 */
export const planList = (
  query: TaskQuery,
  after: KeyPosition | undefined,
  isKeyOrder: boolean,
  hasTitles = true,
): ListPlan => {
  if (isKeyOrder && query.sort.key === 'created_at') {
    if (query.filter.words !== undefined)
      return { legs: [wordsInKeyOrder(query, after)], isFlat: false }
    if (isEverything(query.filter)) return { legs: [allInKeyOrder(query, after)], isFlat: true }
  }
  const isSplit = query.sort.key === 'title' && !hasTitles
  const toLeg = (stretch: Stretch): Leg =>
    isGathered(query.filter) ? gathered(query, stretch) : merged(query, stretch, isSplit)
  return { legs: stretches(query, after).map(toLeg), isFlat: isFlat(query) && !isSplit }
}

const stretches = ({ filter, sort }: TaskQuery, after: KeyPosition | undefined): Stretch[] => {
  if (after !== undefined && after.value === null) return [{ kind: 'valueless', key: after.key }]
  const last: Stretch[] =
    sort.key === 'due_at' && filter.due === undefined ? [{ kind: 'valueless' }] : []
  if (after === undefined) return [{ kind: 'valued' }, ...last]
  const value = toSortValue(sort.key, after.value)
  return [{ kind: 'tied', value, key: after.key }, { kind: 'valued', beyond: value }, ...last]
}

const toSortValue = (key: SortKey, value: string | null): SQLInputValue => {
  if (value === null) return value
  if (key === 'title') return titleKey(value)
  return key === 'priority' ? PRIORITY_CODES[value as TaskPriority] : toMilliseconds(value)
}

const isEverything = (filter: TaskFilter): boolean =>
  Object.values(filter).every((part) => part === undefined)

const isGathered = ({ words, labels, externalReferenceId }: TaskFilter): boolean =>
  words !== undefined || labels !== undefined || externalReferenceId !== undefined

const isFlat = ({ filter, sort }: TaskQuery): boolean => {
  if (intervals(filter).some(([column]) => column !== sort.key)) return false
  if (!isGathered(filter)) return true
  const isOneLabelAlone =
    filter.labels?.length === 1 &&
    filter.words === undefined &&
    filter.externalReferenceId === undefined
  return (
    isOneLabelAlone &&
    sort.key === 'created_at' &&
    filter.status === undefined &&
    filter.priority === undefined
  )
}

type IntervalColumn = 'due_at' | 'created_at' | 'updated_at'

const intervals = (filter: TaskFilter): [IntervalColumn, Interval][] => {
  const all: [IntervalColumn, Interval | undefined][] = [
    ['due_at', filter.due],
    ['created_at', filter.created],
    ['updated_at', filter.updated],
  ]
  return all.filter((entry): entry is [IntervalColumn, Interval] => entry[1] !== undefined)
}

/**
 * Collects the parameters of one statement and names each by its number. As `LIMIT ?`, a number of
 * rows would have SQLite prepare the statement again at each call; as `LIMIT +?` it does not
 * (`sqlite3ExprIsInteger` in SQLite's expr.c).
 */
const createParameters = () => {
  const values: SQLInputValue[] = []
  return { values, add: (value: SQLInputValue): string => `?${values.push(value)}` }
}
type Parameters = ReturnType<typeof createParameters>

/**
 * The ordered index ranges of each status and priority, merged: SQLite reads only as far as the
 * limit asks. `isSplit`: the tasks that have no row in `task_titles` yet are sorted and merged as
 * well.
 */
const merged = (query: TaskQuery, stretch: Stretch, isSplit: boolean): Leg => {
  const parameters = createParameters()
  const isByTitle = query.sort.key === 'title'
  const source = isByTitle ? titleSource(query.filter) : 'tasks'
  const name = isByTitle ? titleColumn : taskColumn
  const ranges = divisions(query).map((division) =>
    rangeOf(query, stretch, source, name, division, parameters),
  )
  if (isSplit)
    ranges.push(
      rangeOf(
        query,
        stretch,
        'tasks',
        taskColumn,
        [...remaining(query, [], parameters), HAS_NO_TITLE],
        parameters,
      ),
    )
  /** In the other stretches all values are alike: the keys alone make the order. */
  const order = stretch.kind === 'valued' ? `value${direction(query)}, ` : ''
  return {
    sql: `SELECT key FROM (${ranges.join(' UNION ALL ')} ORDER BY ${order}key${direction(query)} LIMIT +${parameters.add(0)})`,
    parameters: parameters.values.slice(0, -1),
  }
}

const rangeOf = (
  query: TaskQuery,
  stretch: Stretch,
  source: string,
  name: ColumnName,
  division: readonly string[],
  parameters: Parameters,
): string => {
  const value = stretch.kind === 'valued' ? `, ${name(query.sort.key)} AS value` : ''
  const conditions = [
    ...division,
    ...intervalConditions(query.filter, name, parameters),
    ...stretchConditions(query, stretch, name, parameters),
  ]
  return `SELECT ${name('key')} AS key${value} FROM ${source}${where(conditions)}`
}

/** The order of titles alone, with the tasks where something else of them is asked for. */
const titleSource = (filter: TaskFilter): string =>
  intervals(filter).length === 0
    ? 'task_titles'
    : 'task_titles CROSS JOIN tasks ON tasks.key = task_titles.key'

/** Past the place that the filling of `task_titles` has come to. */
const HAS_NO_TITLE = `(tasks.status, tasks.priority, tasks.title, tasks.key) >
  (SELECT status, priority, title, key FROM title_fill)`

/** The parts of the list that one index each holds in order. The default order of the whole list has an index to itself. */
const divisions = ({ filter, sort }: TaskQuery): string[][] => {
  if (sort.key === 'created_at' && filter.status === undefined && filter.priority === undefined)
    return [[]]
  const table = sort.key === 'title' ? 'task_titles' : 'tasks'
  const statuses =
    filter.status === undefined
      ? Object.values(STATUS_CODES)
      : filter.status.map((name) => STATUS_CODES[name])
  const priorities =
    filter.priority === undefined
      ? Object.values(PRIORITY_CODES)
      : filter.priority.map((name) => PRIORITY_CODES[name])
  return [...new Set(priorities)].flatMap((priority) =>
    [...new Set(statuses)].map((status) => [
      `${table}.status = ${status}`,
      `${table}.priority = ${priority}`,
    ]),
  )
}

/** Found by words, labels or reference first, then sorted. */
const gathered = (query: TaskQuery, stretch: Stretch): Leg => {
  const { filter, sort } = query
  const parameters = createParameters()
  const { source, found, labels, inLabelOrder } = foundBy(query, parameters)
  const conditions = [...found, ...remaining(query, labels, parameters)]
  const name = inLabelOrder ? labelColumn : taskColumn
  conditions.push(
    ...intervalConditions(filter, name, parameters),
    ...stretchConditions(query, stretch, name, parameters),
  )
  const order = [...(stretch.kind === 'valued' ? [name(sort.key)] : []), name('key')].map(
    (one) => one + direction(query),
  )
  return {
    sql: `SELECT tasks.key FROM ${source}${where(conditions)} ORDER BY ${order.join(', ')} LIMIT +${parameters.add(0)}`,
    parameters: parameters.values.slice(0, -1),
  }
}

/** The table itself is in the order of its keys: the default order of the whole list needs no index. */
const allInKeyOrder = (query: TaskQuery, after: KeyPosition | undefined): Leg => {
  const parameters = createParameters()
  const position = keyConditions(query, after, 'key', parameters)
  return {
    sql: `SELECT key FROM tasks${where(position)} ORDER BY key${direction(query)} LIMIT +${parameters.add(0)}`,
    parameters: parameters.values.slice(0, -1),
  }
}

/** The word index gives its rows in the order of their keys, so the default order needs no sort: it stops at the limit. */
const wordsInKeyOrder = (query: TaskQuery, after: KeyPosition | undefined): Leg => {
  const parameters = createParameters()
  const { source, found, labels } = foundBy(query, parameters)
  const conditions = [
    ...found,
    ...keyConditions(query, after, 'task_words.rowid', parameters),
    ...remaining(query, labels, parameters),
    ...intervalConditions(query.filter, taskColumn, parameters),
  ]
  return {
    sql: `SELECT tasks.key FROM ${source}${where(conditions)} ORDER BY task_words.rowid${direction(query)} LIMIT +${parameters.add(0)}`,
    parameters: parameters.values.slice(0, -1),
  }
}

/** The conditions that a way in leaves to be checked on each task. */
const remaining = (
  { filter }: TaskQuery,
  labels: readonly string[],
  parameters: Parameters,
): string[] => [
  ...labels.map(
    (label) =>
      `tasks.key IN (SELECT key FROM task_labels WHERE label = ${parameters.add(label)} AND created_at = tasks.created_at)`,
  ),
  ...(filter.status === undefined
    ? []
    : [`tasks.status IN (${filter.status.map((name) => STATUS_CODES[name])})`]),
  ...(filter.priority === undefined
    ? []
    : [`tasks.priority IN (${filter.priority.map((name) => PRIORITY_CODES[name])})`]),
]

/** The narrowest way in, the conditions that it takes, and the labels that are left to check. */
const foundBy = ({ filter, sort }: TaskQuery, parameters: Parameters) => {
  const labels = filter.labels ?? []
  const reference =
    filter.externalReferenceId === undefined
      ? []
      : [`tasks.external_reference_id = ${parameters.add(filter.externalReferenceId)}`]
  if (filter.words !== undefined) {
    const match = parameters.add(filter.words.map((word) => `"${word}"*`).join(' AND '))
    const source = 'task_words CROSS JOIN tasks ON tasks.key = task_words.rowid'
    return {
      source,
      found: [`task_words MATCH ${match}`, ...reference],
      labels,
      inLabelOrder: false,
    }
  }
  const [first, ...others] = labels
  if (first === undefined || reference.length > 0)
    return { source: 'tasks', found: reference, labels, inLabelOrder: false }
  return {
    source: 'task_labels CROSS JOIN tasks ON tasks.key = task_labels.key',
    found: [`task_labels.label = ${parameters.add(first)}`],
    labels: others,
    inLabelOrder: sort.key === 'created_at',
  }
}

type ColumnName = (name: SortKey | IntervalColumn | 'key') => string
const taskColumn: ColumnName = (name) =>
  name === 'title' ? 'title_key(tasks.title)' : `tasks.${name}`
/** `task_titles` holds the order of titles, and `tasks` all else. */
const titleColumn: ColumnName = (name) => {
  if (name === 'title') return 'task_titles.title_key'
  return name === 'key' ? 'task_titles.key' : taskColumn(name)
}
/** The labels' table holds the default order itself. */
const labelColumn: ColumnName = (name) =>
  name === 'created_at' || name === 'key' ? `task_labels.${name}` : taskColumn(name)

const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`

const direction = ({ sort }: TaskQuery): string => (sort.descending ? ' DESC' : '')

const intervalConditions = (
  filter: TaskFilter,
  name: ColumnName,
  parameters: Parameters,
): string[] =>
  intervals(filter).flatMap(([field, { from, before }]) => [
    ...(from === undefined ? [] : [`${name(field)} >= ${parameters.add(toMilliseconds(from))}`]),
    ...(before === undefined ? [] : [`${name(field)} < ${parameters.add(toMilliseconds(before))}`]),
  ])

const keyConditions = (
  { sort }: TaskQuery,
  after: KeyPosition | undefined,
  key: string,
  parameters: Parameters,
): string[] =>
  after === undefined ? [] : [`${key} ${sort.descending ? '<' : '>'} ${parameters.add(after.key)}`]

const stretchConditions = (
  { sort }: TaskQuery,
  stretch: Stretch,
  name: ColumnName,
  parameters: Parameters,
): string[] => {
  const beyond = sort.descending ? '<' : '>'
  const isDue = sort.key === 'due_at'
  switch (stretch.kind) {
    case 'tied':
      return [
        `${name(sort.key)} = ${parameters.add(stretch.value)}`,
        `${name('key')} ${beyond} ${parameters.add(stretch.key)}`,
      ]
    case 'valueless':
      return [
        `${name('due_at')} IS NULL`,
        ...(stretch.key === undefined
          ? []
          : [`${name('key')} ${beyond} ${parameters.add(stretch.key)}`]),
      ]
    case 'valued':
      if (stretch.beyond !== undefined)
        return [`${name(sort.key)} ${beyond} ${parameters.add(stretch.beyond)}`]
      return isDue ? [`${name('due_at')} IS NOT NULL`] : []
  }
}
