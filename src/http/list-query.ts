import type { Static } from 'typebox'
import { invalidInput } from '../core/errors.ts'
import { INSTANT_EXPECTED, toInstant } from '../core/instant.ts'
import { tokenize } from '../core/search.ts'
import { TaskPriority, TaskStatus } from '../core/task.ts'
import {
  fromCursor,
  type Interval,
  type Position,
  SORT_KEYS,
  type Sort,
  type SortKey,
  type TaskFilter,
  type TaskQuery,
} from '../core/task-query.ts'
import { Type } from '../core/typebox.ts'

/** The maximum number of tasks on one page. */
export const MAX_PAGE = 1000

const instant = (description: string) =>
  Type.Optional(
    Type.Refine(
      Type.String({
        format: 'date-time',
        description: `${description} Finer than milliseconds is rounded down.`,
      }),
      (text) => toInstant(text) !== undefined,
      () => INSTANT_EXPECTED,
    ),
  )

export const ListQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_PAGE,
        description:
          'The maximum number of tasks per page; the Link header leads to the next page. Without `limit` the whole list is sent.',
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'The start of a page, taken from the Link header of the page before it; only valid with the same `sort`.',
      }),
    ),
    sort: Type.Optional(
      Type.Enum(
        SORT_KEYS.flatMap((key) => [key, `-${key}`] as const),
        {
          type: 'string',
          description:
            'The sort key, with `-` for descending order; default `created_at`. `title` ignores ' +
            'case and accents; titles that differ in nothing else are sorted by code point. Ties ' +
            'are sorted by id; tasks without a due date come last in both directions.',
        },
      ),
    ),
    status: Type.Optional(
      Type.Array(TaskStatus, {
        description:
          'Tasks with any of these statuses. Repeat the parameter or separate values by commas.',
      }),
    ),
    priority: Type.Optional(
      Type.Array(TaskPriority, {
        description:
          'Tasks with any of these priorities. Repeat the parameter or separate values by commas.',
      }),
    ),
    label: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        maxItems: 20,
        description: 'Tasks with all of these labels. Repeat the parameter.',
      }),
    ),
    due_after: instant('Tasks due at this time or later (RFC 3339 with a time zone).'),
    due_before: instant('Tasks due before this time (RFC 3339 with a time zone).'),
    created_after: instant('Tasks created at this time or later (RFC 3339 with a time zone).'),
    created_before: instant('Tasks created before this time (RFC 3339 with a time zone).'),
    updated_after: instant('Tasks last changed at this time or later (RFC 3339 with a time zone).'),
    updated_before: instant('Tasks last changed before this time (RFC 3339 with a time zone).'),
    external_reference_id: Type.Optional(
      Type.String({ minLength: 1, description: 'Tasks with this id in another system.' }),
    ),
    q: Type.Optional(
      Type.Refine(
        Type.String({
          maxLength: 500,
          description:
            'Search words. Each must be the beginning of a word in the title or description; case and accents are ignored.',
        }),
        (text) => tokenize(text).length > 0,
        () => 'a text of at most 500 characters with a letter or a digit in it',
      ),
    ),
  },
  { additionalProperties: false },
)
export type ListQuery = Static<typeof ListQuery>

/** The query and the place in it that the parameters ask for. Throws `invalid_input` for a cursor of another list. */
export const toTaskQuery = (
  query: ListQuery,
): { query: TaskQuery; after: Position | undefined } => {
  const sort = toSort(query.sort ?? 'created_at')
  const after = query.cursor === undefined ? undefined : fromCursor(query.cursor, sort)
  if (query.cursor !== undefined && after === undefined) {
    throw invalidInput([
      {
        pointer: '#/cursor',
        detail: 'must be a cursor from a Link header of a list with the same sort',
      },
    ])
  }
  return { query: { filter: toFilter(query), sort }, after }
}

const toSort = (name: string): Sort =>
  name.startsWith('-')
    ? { key: name.slice(1) as SortKey, descending: true }
    : { key: name as SortKey, descending: false }

const toFilter = (query: ListQuery): TaskFilter => {
  const due = toInterval(query.due_after, query.due_before)
  const created = toInterval(query.created_after, query.created_before)
  const updated = toInterval(query.updated_after, query.updated_before)
  return {
    ...(query.status && { status: query.status }),
    ...(query.priority && { priority: query.priority }),
    ...(query.label && { labels: [...new Set(query.label)] }),
    ...(due && { due }),
    ...(created && { created }),
    ...(updated && { updated }),
    ...(query.external_reference_id !== undefined && {
      externalReferenceId: query.external_reference_id,
    }),
    ...(query.q !== undefined && { words: tokenize(query.q) }),
  }
}

const toInterval = (
  after: string | undefined,
  before: string | undefined,
): Interval | undefined => {
  if (after === undefined && before === undefined) return undefined
  const [from, end] = [after && toInstant(after), before && toInstant(before)]
  return { ...(from && { from }), ...(end && { before: end }) }
}
