import type { TableEntity } from './entity.ts'
import type { FieldTable, NamedField } from './field-table.ts'
import { toInstant } from './instant.ts'

/**
 * One sortable field; the id breaks ties in the same direction. Tasks without a value come last in
 * both directions.
 */
export interface Sort<Key extends string = string> {
  readonly key: Key
  readonly descending: boolean
}

/** Instants of an interval, half open: from ≤ x < before. */
export interface Interval {
  readonly from?: string
  readonly before?: string
}

/**
 * What is asked of each field, by its name: an interval, or values. All parts must hold. A task
 * without a value is in no part. `words`: each begins a word of a searched field (`tokenize`).
 */
export type Filter = Readonly<Record<string, readonly string[] | Interval | undefined>> & {
  readonly words?: readonly string[]
}

export interface TaskQuery {
  readonly filter: Filter
  readonly sort: Sort
}

/** What is asked of one field. */
export interface Part<P> {
  readonly field: NamedField
  readonly part: P
}

/** A query by what its fields are: a plan follows from this. */
export interface QueryParts {
  readonly sort: NamedField
  readonly descending: boolean
  /** The fields that lead every index; undefined: any value. */
  readonly leading: readonly Part<readonly string[] | undefined>[]
  /** Other fields that have one of these values. */
  readonly exact: readonly Part<readonly string[]>[]
  /** Lists that have all of these texts. */
  readonly lists: readonly Part<readonly string[]>[]
  readonly intervals: readonly Part<Interval>[]
  readonly words: readonly string[] | undefined
}

const GROUPS = { any: 'exact', equals: 'exact', all: 'lists', interval: 'intervals' } as const

export const toParts = (table: FieldTable, { filter, sort }: TaskQuery): QueryParts => {
  const parts = {
    sort: table.field(sort.key),
    descending: sort.descending,
    leading: [] as Part<unknown>[],
    exact: [] as Part<unknown>[],
    lists: [] as Part<unknown>[],
    intervals: [] as Part<unknown>[],
    words: filter.words,
  }
  for (const field of table.filtered) {
    const part = filter[field.name]
    if (field.leads) parts.leading.push({ field, part })
    else if (field.filter && part) parts[GROUPS[field.filter.by]].push({ field, part })
  }
  return parts as QueryParts
}

/** A place in a sorted list: after the task with this sort value and id. */
export interface Position {
  readonly value: string | null
  readonly id: string
}

export const positionOf = (task: TableEntity, sort: Sort): Position => ({
  value: (task[sort.key] ?? null) as string | null,
  id: task.id,
})

/** An opaque cursor. It names its sort, so that it is not taken for a place in another order. */
export const toCursor = (table: FieldTable, position: Position, sort: Sort): string =>
  Buffer.from(
    JSON.stringify([sortName(table.field(sort.key), sort), position.value, position.id]),
  ).toString('base64url')

/** The position that a cursor of this sort holds; undefined for anything else. */
export const fromCursor = (table: FieldTable, cursor: string, sort: Sort): Position | undefined => {
  const field = table.field(sort.key)
  const parts = parse(Buffer.from(cursor, 'base64url').toString())
  if (!Array.isArray(parts) || parts.length !== 3) return undefined
  const [name, value, id] = parts as unknown[]
  if (name !== sortName(field, sort) || typeof id !== 'string' || id === '') return undefined
  return isSortValue(value, field) ? { value, id } : undefined
}

/** Cursors named `title` are of version 0.1.0: places in another order, by code point. */
const sortName = ({ name, sort }: NamedField, { descending }: Sort): string =>
  `${descending ? '-' : ''}${sort === 'folded' ? 'folded_' : ''}${name}`

const isSortValue = (value: unknown, field: NamedField): value is string | null => {
  if (value === null) return field.nullable === true
  if (typeof value !== 'string') return false
  if (field.kind === 'choice') return field.values.includes(value)
  return field.kind === 'instant' ? toInstant(value) === value : true
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
