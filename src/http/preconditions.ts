import type { ETags, Preconditions } from '../core/preconditions.ts'
import { Type } from '../core/typebox.ts'
import { ETAGS_EXPECTED, parseETags } from './etag.ts'
import { HttpError } from './problem.ts'

/** The headers of a conditional write; their grammar is checked when they are read. */
export const PRECONDITION_HEADERS = {
  'if-match': Type.Optional(
    Type.String({
      description:
        'The ETag that the task must have, or a list of them; otherwise the response is 412 with the current ETag.',
    }),
  ),
  'if-none-match': Type.Optional(
    Type.String({
      description:
        'An ETag that the task must not have, or a list of them, or `*` for any; otherwise the response is 412.',
    }),
  ),
}

interface Headers {
  readonly 'if-match'?: string
  readonly 'if-none-match'?: string
}

/** Throws `malformed_request` for a header that is not a list of ETags. */
export const readPreconditions = (headers: Headers): Preconditions => ({
  ifMatch: readETags('If-Match', headers['if-match']),
  ifNoneMatch: readETags('If-None-Match', headers['if-none-match']),
})

export const readETags = (name: string, field: string | undefined): ETags | undefined => {
  if (field === undefined) return undefined
  const tags = parseETags(field)
  if (tags !== undefined) return tags
  const detail = `must be ${ETAGS_EXPECTED}`
  throw new HttpError('malformed_request', `${name} ${detail}`, [{ pointer: name, detail }])
}
