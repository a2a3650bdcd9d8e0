import type { TSchema, TUnsafe } from 'typebox'
import { invalidInput } from '../core/errors.ts'
import { toInstantSchema } from '../core/field.ts'
import type { FieldTable, NamedField } from '../core/field-table.ts'
import { toInstant } from '../core/instant.ts'
import { tokenize } from '../core/search.ts'
import { type Filter, fromCursor, type Position, type TaskQuery } from '../core/task-query.ts'
import { Type } from '../core/typebox.ts'

/** The maximum number of tasks on one page. */
export const MAX_PAGE = 1000

/** The parameters of a list; the others are those of the fields' filters. */
export interface ListParameters {
  readonly limit?: number
  readonly cursor?: string
  readonly sort?: string
  readonly q?: string
  readonly [name: string]: unknown
}

/** A filter of one field: its parameters, and what they ask for; undefined if none is given. */
interface FilterParameters {
  readonly field: string
  readonly schemas: Readonly<Record<string, TSchema>>
  read(query: ListParameters): Filter[string]
}

/** The query parameters of lists of a resource, and how they are read. */
export const createListQuery = (table: FieldTable) => {
  const filters = table.fields.flatMap((field) => toFilterParameters(field) ?? [])
  const schema = Type.Object(
    {
      limit: LIMIT,
      cursor: CURSOR,
      sort: toSortSchema(table.fields.filter(({ sort }) => sort !== undefined)),
      ...Object.assign({}, ...filters.map(({ schemas }) => schemas)),
      q: toSearchSchema(table.fields.filter(({ search }) => search)),
    },
    { additionalProperties: false },
  ) as TSchema as TUnsafe<ListParameters>

  const toFilter = (query: ListParameters): Filter => {
    const filter: Record<string, Filter[string]> = {}
    for (const { field, read } of filters) filter[field] = read(query)
    return { ...filter, ...(query.q !== undefined && { words: tokenize(query.q) }) }
  }

  return {
    schema,

    /**
     * The query and the place in it that the parameters ask for. Throws `invalid_input` for a
     * cursor of another list.
     */
    read(query: ListParameters): { query: TaskQuery; after: Position | undefined } {
      const name = query.sort ?? 'created_at'
      const descending = name.startsWith('-')
      const sort = { key: descending ? name.slice(1) : name, descending }
      const after = query.cursor === undefined ? undefined : fromCursor(table, query.cursor, sort)
      if (query.cursor !== undefined && after === undefined) {
        throw invalidInput([
          {
            pointer: '#/cursor',
            detail: 'must be a cursor from a Link header of a list with the same sort',
          },
        ])
      }
      return { query: { filter: toFilter(query), sort }, after }
    },
  }
}

const LIMIT = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: MAX_PAGE,
    description:
      'The maximum number of tasks per page; the Link header leads to the next page. Without `limit` the whole list is sent.',
  }),
)

const CURSOR = Type.Optional(
  Type.String({
    minLength: 1,
    description:
      'The start of a page, taken from the Link header of the page before it; only valid with the same `sort`.',
  }),
)

const toSortSchema = (fields: readonly NamedField[]) => {
  const namesOf = (isWanted: (field: NamedField) => boolean): string[] =>
    fields.filter(isWanted).map(({ name }) => name)
  const ours = namesOf(({ readOnly }) => readOnly === true)
  const others = namesOf(({ readOnly }) => readOnly !== true).sort()
  const folded = namesOf(({ sort }) => sort === 'folded').map((name) => `\`${name}\``)
  return Type.Optional(
    Type.Enum(
      [...ours, ...others].flatMap((name) => [name, `-${name}`]),
      {
        type: 'string',
        description:
          `The sort key, with \`-\` for descending order; default \`created_at\`. ${folded.join(', ')} ` +
          'ignores case and accents; titles that differ in nothing else are sorted by code point. Ties ' +
          'are sorted by id; tasks without a value come last in both directions.',
      },
    ),
  )
}

const toSearchSchema = (fields: readonly NamedField[]) =>
  Type.Optional(
    Type.Refine(
      Type.String({
        maxLength: 500,
        description: `Search words. Each must be the beginning of a word in the ${fields.map(({ name }) => name).join(' or ')}; case and accents are ignored.`,
      }),
      (text) => tokenize(text).length > 0,
      () => 'a text of at most 500 characters with a letter or a digit in it',
    ),
  )

const toFilterParameters = ({
  name: field,
  filter,
  schema,
  kind,
}: NamedField): FilterParameters | undefined => {
  if (filter === undefined) return undefined
  const { by, of, name = field } = filter
  if (by === 'interval') return toIntervalParameters(field, name, of)
  const item = kind === 'choice' ? schema : VALUE
  const commas = kind === 'choice' ? ' or separate values by commas' : ''
  const description = `Tasks with ${by === 'any' ? 'any' : 'all'} of these ${of}. Repeat the parameter${commas}.`
  const valuesOf =
    by === 'equals'
      ? Type.String({ minLength: 1, description: `Tasks with this ${of}.` })
      : Type.Array(item, { ...(by === 'all' && { maxItems: MAX_TEXTS }), description })
  return {
    field,
    schemas: { [name]: Type.Optional(valuesOf) },
    read(query) {
      const value = query[name] as string | readonly string[] | undefined
      return value === undefined ? value : [...new Set([value].flat())]
    },
  }
}

/** How many texts of a list may be asked for: each is a search of its own. */
const MAX_TEXTS = 20

const VALUE = Type.String({ minLength: 1 })

const toIntervalParameters = (field: string, name: string, of: string): FilterParameters => {
  const [after, before] = [`${name}_after`, `${name}_before`]
  const schemaOf = (bound: string) =>
    Type.Optional(
      toInstantSchema(
        `Tasks ${of} ${bound} (RFC 3339 with a time zone). Finer than milliseconds is rounded down.`,
      ),
    )
  return {
    field,
    schemas: {
      [after]: schemaOf('at this time or later'),
      [before]: schemaOf('before this time'),
    },
    read(query) {
      const [from, end] = [query[after], query[before]].map((text) =>
        text === undefined ? undefined : toInstant(text as string),
      )
      if (from === undefined && end === undefined) return undefined
      return { ...(from && { from }), ...(end && { before: end }) }
    },
  }
}
