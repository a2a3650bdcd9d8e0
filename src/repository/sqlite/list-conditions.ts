import type { NamedField } from '../../core/field-table.ts'
import type { Interval, Part, Position, QueryParts } from '../../core/task-query.ts'
import { toColumn, toMilliseconds } from './columns.ts'
import type { SQLInputValue } from './driver.ts'
import { listTable } from './list-rows.ts'

/**
 * A position with the row key in place of the id: keys ascend as ids do, and are what the indexes
 * end with.
 */
export interface KeyPosition {
  readonly value: Position['value']
  readonly key: number
}

/**
 * A part of a sorted list: what lies beyond a value, what shares the value but lies beyond a key,
 * and the tasks without a value, which come last. Each is one range of an index, which `(value,
 * key) > (…)` would not be.
 */
export type KeysetRange =
  | { readonly kind: 'valued'; readonly beyond?: SQLInputValue }
  | { readonly kind: 'tied'; readonly value: SQLInputValue; readonly key: number }
  | { readonly kind: 'valueless'; readonly key?: number }

/** Collects the parameters of one statement and names each by its number. */
export const createParameters = () => {
  const values: SQLInputValue[] = []
  return { values, add: (value: SQLInputValue): string => `?${values.push(value)}` }
}
export type Parameters = ReturnType<typeof createParameters>

/** The expression that has a field's value, or the row key. */
export type ColumnOf = (field: NamedField | 'key') => string

export const taskColumn: ColumnOf = (field) => {
  if (field === 'key') return 'tasks.key'
  return field.sort === 'folded' ? `title_key(tasks.${field.name})` : `tasks.${field.name}`
}

/** `task_titles` holds the order of titles, and `tasks` all else. */
export const titleColumn: ColumnOf = (field) => {
  if (field === 'key') return 'task_titles.key'
  return field.sort === 'folded' ? 'task_titles.title_key' : taskColumn(field)
}

/** The table of a list holds the default order itself. */
export const listColumn =
  (list: NamedField): ColumnOf =>
  (field) =>
    field === 'key' || field.name === 'created_at'
      ? `${listTable(list).table}.${field === 'key' ? field : field.name}`
      : taskColumn(field)

export const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`

export const direction = ({ descending }: QueryParts): string => (descending ? ' DESC' : '')

/** That a field has one of these values. */
export const exactCondition = (
  { field, part }: Part<readonly string[]>,
  parameters: Parameters,
): string => {
  const values = part.map((value) => parameters.add(toColumn(field, value)))
  return `tasks.${field.name} ${values.length === 1 ? `= ${values}` : `IN (${values})`}`
}

/** That a list has all of these texts. */
export const listConditions = (
  { field, part }: Part<readonly string[]>,
  parameters: Parameters,
): string[] => {
  const { table, column } = listTable(field)
  return part.map(
    (text) =>
      `tasks.key IN (SELECT key FROM ${table} WHERE ${column} = ${parameters.add(text)} AND created_at = tasks.created_at)`,
  )
}

export const leadingConditions = ({ leading }: QueryParts): string[] =>
  leading.flatMap(({ field, part }) =>
    part === undefined
      ? []
      : [`tasks.${field.name} IN (${part.map((value) => field.values.indexOf(value))})`],
  )

export const intervalConditions = (
  intervals: readonly Part<Interval>[],
  column: ColumnOf,
  parameters: Parameters,
): string[] =>
  intervals.flatMap(({ field, part: { from, before } }) => [
    ...(from === undefined ? [] : [`${column(field)} >= ${parameters.add(toMilliseconds(from))}`]),
    ...(before === undefined
      ? []
      : [`${column(field)} < ${parameters.add(toMilliseconds(before))}`]),
  ])

export const keyConditions = (
  { descending }: QueryParts,
  after: number | undefined,
  key: string,
  parameters: Parameters,
): string[] =>
  after === undefined ? [] : [`${key} ${descending ? '<' : '>'} ${parameters.add(after)}`]

export const rangeConditions = (
  parts: QueryParts,
  range: KeysetRange,
  column: ColumnOf,
  parameters: Parameters,
): string[] => {
  const value = column(parts.sort)
  switch (range.kind) {
    case 'tied':
      return [
        `${value} = ${parameters.add(range.value)}`,
        ...keyConditions(parts, range.key, column('key'), parameters),
      ]
    case 'valueless':
      return [`${value} IS NULL`, ...keyConditions(parts, range.key, column('key'), parameters)]
    case 'valued':
      if (range.beyond !== undefined)
        return [`${value} ${parts.descending ? '<' : '>'} ${parameters.add(range.beyond)}`]
      return parts.sort.nullable ? [`${value} IS NOT NULL`] : []
  }
}
