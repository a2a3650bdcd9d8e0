import { toTaskId } from '../core/entity.ts'
import { invalidInput } from '../core/errors.ts'
import { Type } from '../core/typebox.ts'
import { MAX_PAGE } from './list-query.ts'

/**
 * The query parameters of a list of records. `parent` is the name of that which filters by parent.
 */
export const recordListQuery = (kind: string, parent: string | undefined) =>
  Type.Object(
    {
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: MAX_PAGE,
          description:
            `The maximum number of ${kind}s per page; the Link header leads to the next page. ` +
            'Without `limit` the whole list is sent.',
        }),
      ),
      cursor: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'The start of a page, taken from the Link header of the page before it.',
        }),
      ),
      ...(parent !== undefined && {
        [parent]: Type.Optional(
          Type.String({ minLength: 1, description: `Only the ${kind}s with this \`${parent}\`.` }),
        ),
      }),
    },
    { additionalProperties: false },
  )

interface Query {
  readonly limit?: number
  readonly cursor?: string
}

/** What the parameters ask for. Throws `invalid_input` for a cursor of another list. */
export const readRecordQuery = (kind: string, parent: string | undefined, query: Query) => {
  const parentId = parent && (query as Record<string, string | undefined>)[parent]
  return {
    limit: query.limit,
    query: parentId === undefined ? undefined : toTaskId(parentId),
    after: query.cursor === undefined ? undefined : fromCursor(kind, query.cursor),
  }
}

/** Opaque; it names its kind, so that it is not taken for a place in another list. */
export const toRecordCursor = (kind: string, id: string): string =>
  Buffer.from(`${kind}:${id}`).toString('base64url')

const fromCursor = (kind: string, cursor: string): string => {
  const [named, id] = Buffer.from(cursor, 'base64url').toString().split(':')
  if (named === kind && id !== undefined && id !== '') return id
  const detail = `must be a cursor from a Link header of a list of ${kind}s`
  throw invalidInput([{ pointer: '#/cursor', detail }])
}
