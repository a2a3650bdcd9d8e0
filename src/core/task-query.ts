import type { Static } from 'typebox'
import type { Entity } from './entity.ts'
import type { Field } from './field.ts'
import type { Fields, FieldTable, NamedField } from './field-table.ts'
import { toInstant } from './instant.ts'

/**
 * One sortable field; the id breaks ties in the same direction. Tasks without a value come last in
 * both directions.
 */
export interface Sort<Key extends string = string> {
  readonly key: Key
  readonly descending: boolean
}

export type SortKeyOf<F extends Fields> = {
  [Name in keyof F & string]: F[Name] extends { readonly sort: true | 'folded' } ? Name : never
}[keyof F & string]

/** Instants of an interval, half open: from ≤ x < before. */
export interface Interval {
  readonly from?: string
  readonly before?: string
}

type FilterPart = readonly string[] | string | Interval

/**
 * What is asked of each field, by its name, in the form of the field's filter. All parts must hold. A
 * task without a value is in no part. `words`: each begins a word of a searched field (`tokenize`).
 */
export type Filter = Readonly<Record<string, FilterPart | undefined>> & {
  readonly words?: readonly string[]
}

type PartOf<F extends Field> = F extends { readonly filter: { readonly by: infer By } }
  ? By extends 'interval'
    ? Interval
    : By extends 'equals'
      ? string
      : By extends 'all'
        ? readonly string[]
        : readonly (Static<F['schema']> & string)[]
  : never

export type FilterOf<F extends Fields> = {
  readonly [Name in keyof F as F[Name] extends { readonly filter: object } ? Name : never]?: PartOf<
    F[Name]
  >
} & { readonly words?: readonly string[] }

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

export const toParts = ({ fields }: FieldTable, { filter, sort }: TaskQuery): QueryParts => {
  const partsOf = <P>(isWanted: (field: NamedField) => boolean): Part<P>[] =>
    fields.flatMap((field) => {
      const part = filter[field.name]
      return part !== undefined && isWanted(field) ? [{ field, part: part as P }] : []
    })
  const by = (field: NamedField) => field.filter?.by
  return {
    sort: fieldOf(fields, sort.key),
    descending: sort.descending,
    leading: fields
      .filter(({ leads }) => leads === true)
      .map((field) => ({ field, part: filter[field.name] as readonly string[] | undefined })),
    exact: partsOf<string | readonly string[]>(
      (field) => by(field) === 'equals' || (by(field) === 'any' && field.leads !== true),
    ).map(({ field, part }) => ({ field, part: typeof part === 'string' ? [part] : part })),
    lists: partsOf((field) => by(field) === 'all'),
    intervals: partsOf((field) => by(field) === 'interval'),
    words: filter.words,
  }
}

/** A place in a sorted list: after the task with this sort value and id. */
export interface Position {
  readonly value: string | null
  readonly id: string
}

export const positionOf = (task: Entity, sort: Sort): Position => ({
  value: (task[sort.key] ?? null) as string | null,
  id: task.id,
})

const fieldOf = (fields: readonly NamedField[], name: string): NamedField => {
  const field = fields.find((one) => one.name === name)
  if (field === undefined) throw new Error(`there is no field ${name}`)
  return field
}

/** An opaque cursor. It names its sort, so that it is not taken for a place in another order. */
export const toCursor = ({ fields }: FieldTable, position: Position, sort: Sort): string =>
  Buffer.from(
    JSON.stringify([sortName(fieldOf(fields, sort.key), sort), position.value, position.id]),
  ).toString('base64url')

/** The position that a cursor of this sort holds; undefined for anything else. */
export const fromCursor = (
  { fields }: FieldTable,
  cursor: string,
  sort: Sort,
): Position | undefined => {
  const field = fieldOf(fields, sort.key)
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
