import type { FieldTable } from '../../core/field-table.ts'
import { type QueryParts, type TaskQuery, toParts } from '../../core/task-query.ts'
import { titleKey } from '../../core/title-key.ts'
import { toColumn } from './columns.ts'
import type { SQLInputValue } from './driver.ts'
import {
  type ColumnOf,
  createParameters,
  direction,
  exactCondition,
  intervalConditions,
  type KeyPosition,
  type KeysetRange,
  keyConditions,
  leadingConditions,
  listColumn,
  listConditions,
  type Parameters,
  rangeConditions,
  taskColumn,
  titleColumn,
  where,
} from './list-conditions.ts'
import { listTable } from './list-rows.ts'

/**
 * One statement of a plan. Selects keys of tasks in order; its last parameter, the number of rows,
 * is given when it runs.
 */
export interface ListStatement {
  readonly sql: string
  readonly parameters: readonly SQLInputValue[]
}

/** How a list is read: its legs one after the other until enough rows came. */
export interface ListPlan {
  readonly legs: readonly ListStatement[]
  /**
   * Whether an index holds the answer in its order, so that it costs the same however many tasks
   * there are.
   */
  readonly isFlat: boolean
}

/**
 * `isKeyOrder`: every task was created at or after those with smaller keys, so that keys have the
 * default order. `hasTitles`: every task has its row in `task_titles`; until then those without are
 * sorted for each list (title-fill.ts).
 */
export const planList = (
  table: FieldTable,
  query: TaskQuery,
  after: KeyPosition | undefined,
  isKeyOrder: boolean,
  hasTitles = true,
): ListPlan => {
  const parts = toParts(table, query)
  if (isKeyOrder && parts.sort.name === 'created_at') {
    if (parts.words !== undefined) return { legs: [wordsInKeyOrder(parts, after)], isFlat: false }
    if (Object.values(query.filter).every((part) => part === undefined))
      return { legs: [allInKeyOrder(parts, after)], isFlat: true }
  }
  const isSplit = isByTitle(parts) && !hasTitles
  const toLeg = (range: KeysetRange): ListStatement =>
    needsSort(parts) ? filterThenSort(parts, range) : mergeIndexRanges(parts, range, isSplit)
  return { legs: rangesOf(parts, after).map(toLeg), isFlat: isFlat(parts) && !isSplit }
}

const isByTitle = ({ sort }: QueryParts): boolean => sort.sort === 'folded'

const rangesOf = (
  { sort, intervals }: QueryParts,
  after: KeyPosition | undefined,
): KeysetRange[] => {
  if (after !== undefined && after.value === null) return [{ kind: 'valueless', key: after.key }]
  const hasValue = !sort.nullable || intervals.some(({ field }) => field === sort)
  const last: KeysetRange[] = hasValue ? [] : [{ kind: 'valueless' }]
  if (after === undefined) return [{ kind: 'valued' }, ...last]
  const value = sort.sort === 'folded' ? titleKey(after.value ?? '') : toColumn(sort, after.value)
  return [{ kind: 'tied', value, key: after.key }, { kind: 'valued', beyond: value }, ...last]
}

/** Whether it is found by words, lists or exact values first. */
const needsSort = ({ words, lists, exact }: QueryParts): boolean =>
  words !== undefined || lists.length > 0 || exact.length > 0

const isFlat = (parts: QueryParts): boolean => {
  const { sort, leading, exact, lists, intervals, words } = parts
  if (intervals.some(({ field }) => field !== sort)) return false
  if (!needsSort(parts)) return true
  const isOneTextAlone =
    lists.length === 1 &&
    lists[0]?.part.length === 1 &&
    words === undefined &&
    exact.length === 0 &&
    leading.every(({ part }) => part === undefined)
  return isOneTextAlone && sort.name === 'created_at'
}

/**
 * As `LIMIT ?`, a number of rows would have SQLite prepare the statement again at each call; as
 * `LIMIT +?` it does not (`sqlite3ExprIsInteger` in SQLite's expr.c).
 */
const toLeg = (sql: string, { values }: Parameters, end = ''): ListStatement => ({
  sql: `${sql} LIMIT +?${values.length + 1}${end}`,
  parameters: values,
})

/**
 * The ordered index ranges of each combination of the leading fields, merged: SQLite reads only as
 * far as the limit asks. `isSplit`: the tasks that have no row in `task_titles` yet are sorted and
 * merged as well.
 */
const mergeIndexRanges = (
  parts: QueryParts,
  range: KeysetRange,
  isSplit: boolean,
): ListStatement => {
  const parameters = createParameters()
  const [source, column] = isByTitle(parts)
    ? [titleSource(parts), titleColumn]
    : ['tasks', taskColumn]
  const selects = indexPartitions(parts).map((partition) =>
    selectRange(parts, range, source, column, partition, parameters),
  )
  if (isSplit) {
    const conditions = [...leadingConditions(parts), HAS_NO_TITLE]
    selects.push(selectRange(parts, range, 'tasks', taskColumn, conditions, parameters))
  }
  /** In the other ranges all values are alike: the keys alone make the order. */
  const order = range.kind === 'valued' ? `value${direction(parts)}, ` : ''
  return toLeg(
    `SELECT key FROM (${selects.join(' UNION ALL ')} ORDER BY ${order}key${direction(parts)}`,
    parameters,
    ')',
  )
}

const selectRange = (
  parts: QueryParts,
  range: KeysetRange,
  source: string,
  column: ColumnOf,
  partition: readonly string[],
  parameters: Parameters,
): string => {
  const value = range.kind === 'valued' ? `, ${column(parts.sort)} AS value` : ''
  const conditions = [
    ...partition,
    ...intervalConditions(parts.intervals, column, parameters),
    ...rangeConditions(parts, range, column, parameters),
  ]
  return `SELECT ${column('key')} AS key${value} FROM ${source}${where(conditions)}`
}

/** The order of titles alone, with the tasks where something else of them is asked for. */
const titleSource = ({ intervals }: QueryParts): string =>
  intervals.length === 0
    ? 'task_titles'
    : 'task_titles CROSS JOIN tasks ON tasks.key = task_titles.key'

/** Past the place that the filling of `task_titles` has come to. */
const HAS_NO_TITLE = `(tasks.status, tasks.priority, tasks.title, tasks.key) >
  (SELECT status, priority, title, key FROM title_fill)`

/**
 * The parts of the list that one index each holds in order: the combinations of the leading fields'
 * values. The default order of the whole list has an index to itself.
 */
const indexPartitions = (parts: QueryParts): string[][] => {
  const { sort, leading } = parts
  if (sort.name === 'created_at' && leading.every(({ part }) => part === undefined)) return [[]]
  const table = isByTitle(parts) ? 'task_titles' : 'tasks'
  return leading.reduce<string[][]>(
    (partitions, { field, part }) =>
      [...new Set(part ?? field.values)].flatMap((value) =>
        partitions.map((partition) => [
          ...partition,
          `${table}.${field.name} = ${field.values.indexOf(value)}`,
        ]),
      ),
    [[]],
  )
}

/** Found by words, a text of a list or an exact value first, then sorted. */
const filterThenSort = (parts: QueryParts, range: KeysetRange): ListStatement => {
  const parameters = createParameters()
  const { source, conditions, column } = accessPath(parts, parameters)
  conditions.push(
    ...intervalConditions(parts.intervals, column, parameters),
    ...rangeConditions(parts, range, column, parameters),
  )
  const order = [...(range.kind === 'valued' ? [column(parts.sort)] : []), column('key')].map(
    (one) => one + direction(parts),
  )
  return toLeg(
    `SELECT tasks.key FROM ${source}${where(conditions)} ORDER BY ${order.join(', ')}`,
    parameters,
  )
}

/**
 * The table itself is in the order of its keys: the default order of the whole list needs no index.
 */
const allInKeyOrder = (parts: QueryParts, after: KeyPosition | undefined): ListStatement => {
  const parameters = createParameters()
  const position = keyConditions(parts, after?.key, 'key', parameters)
  return toLeg(
    `SELECT key FROM tasks${where(position)} ORDER BY key${direction(parts)}`,
    parameters,
  )
}

/**
 * The word index gives its rows in the order of their keys, so the default order needs no sort: it
 * stops at the limit.
 */
const wordsInKeyOrder = (parts: QueryParts, after: KeyPosition | undefined): ListStatement => {
  const parameters = createParameters()
  const { source, conditions } = accessPath(parts, parameters)
  conditions.push(
    ...keyConditions(parts, after?.key, 'task_words.rowid', parameters),
    ...intervalConditions(parts.intervals, taskColumn, parameters),
  )
  return toLeg(
    `SELECT tasks.key FROM ${source}${where(conditions)} ORDER BY task_words.rowid${direction(parts)}`,
    parameters,
  )
}

/**
 * The narrowest way in, and the conditions that are left to check on each task but those of order
 * and intervals.
 */
const accessPath = (parts: QueryParts, parameters: Parameters) => {
  const { words, exact, lists, sort } = parts
  const byExact = exact.map((one) => exactCondition(one, parameters))
  const toConditions = (first: readonly string[], others = lists): string[] => [
    ...first,
    ...others.flatMap((list) => listConditions(list, parameters)),
    ...leadingConditions(parts),
  ]
  if (words !== undefined) {
    const match = parameters.add(words.map((word) => `"${word}"*`).join(' AND '))
    return {
      source: 'task_words CROSS JOIN tasks ON tasks.key = task_words.rowid',
      conditions: toConditions([`task_words MATCH ${match}`, ...byExact]),
      column: taskColumn,
    }
  }
  const [list, ...others] = lists
  const [first, ...texts] = list?.part ?? []
  if (list === undefined || first === undefined || byExact.length > 0)
    return { source: 'tasks', conditions: toConditions(byExact), column: taskColumn }
  const { table, column } = listTable(list.field)
  return {
    source: `${table} CROSS JOIN tasks ON tasks.key = ${table}.key`,
    conditions: toConditions(
      [`${table}.${column} = ${parameters.add(first)}`],
      [{ field: list.field, part: texts }, ...others],
    ),
    column: sort.name === 'created_at' ? listColumn(list.field) : taskColumn,
  }
}
