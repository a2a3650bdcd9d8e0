import type { Static } from 'typebox'
import { invalidInput } from '../core/errors.ts'
import { INSTANT_EXPECTED, toInstant } from '../core/instant.ts'
import { toWords } from '../core/search.ts'
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

/** The most tasks that one page holds. */
const PAGE_MOST = 1000

const instant = (description: string) =>
  Type.Optional(
    Type.Refine(
      Type.String({ format: 'date-time', description }),
      (text) => toInstant(text) !== undefined,
      () => INSTANT_EXPECTED,
    ),
  )

export const ListQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: PAGE_MOST,
        description: 'A page of so many tasks; its Link header leads to the next. Without it, the whole list is streamed.',
      }),
    ),
    cursor: Type.Optional(
      Type.String({ minLength: 1, description: 'Where a page begins: taken from a Link header, for the same sort.' }),
    ),
    sort: Type.Optional(
      Type.Enum(
        SORT_KEYS.flatMap((key) => [key, `-${key}`] as const),
        {
          type: 'string',
          description:
            'The order, with `-` for descending; `created_at` unless given. `title` ignores case and accents; titles that are otherwise equal go by code point. Ties go by id, tasks without a due date come last in both directions.',
        },
      ),
    ),
    status: Type.Optional(Type.Array(TaskStatus, { description: 'Any of these; repeated or separated by commas.' })),
    priority: Type.Optional(Type.Array(TaskPriority, { description: 'Any of these; repeated or separated by commas.' })),
    label: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: 20, description: 'All of these; repeated.' })),
    due_after: instant('Due at this instant or later.'),
    due_before: instant('Due before this instant.'),
    created_after: instant('Created at this instant or later.'),
    created_before: instant('Created before this instant.'),
    updated_after: instant('Last changed at this instant or later.'),
    updated_before: instant('Last changed before this instant.'),
    external_reference_id: Type.Optional(Type.String({ minLength: 1, description: 'Known elsewhere by this id.' })),
    q: Type.Optional(
      Type.Refine(
        Type.String({
          maxLength: 500,
          description: 'Words: each begins a word of the title or the description. Case and accents do not matter.',
        }),
        (text) => toWords(text).length > 0,
        () => 'a text of at most 500 characters with a letter or a digit in it',
      ),
    ),
  },
  { additionalProperties: false },
)
export type ListQuery = Static<typeof ListQuery>

/** The query and the place in it that the parameters ask for. Throws `invalid_input` for a cursor of another list. */
export const toTaskQuery = (query: ListQuery): { query: TaskQuery; after: Position | undefined } => {
  const sort = toSort(query.sort ?? 'created_at')
  const after = query.cursor === undefined ? undefined : fromCursor(query.cursor, sort)
  if (query.cursor !== undefined && after === undefined) {
    throw invalidInput([{ pointer: '#/cursor', detail: 'must be a cursor from a Link header of a list with the same sort' }])
  }
  return { query: { filter: toFilter(query), sort }, after }
}

const toSort = (name: string): Sort =>
  name.startsWith('-') ? { key: name.slice(1) as SortKey, descending: true } : { key: name as SortKey, descending: false }

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
    ...(query.external_reference_id !== undefined && { externalReferenceId: query.external_reference_id }),
    ...(query.q !== undefined && { words: toWords(query.q) }),
  }
}

const toInterval = (after: string | undefined, before: string | undefined): Interval | undefined => {
  if (after === undefined && before === undefined) return undefined
  const [from, end] = [after && toInstant(after), before && toInstant(before)]
  return { ...(from && { from }), ...(end && { before: end }) }
}
