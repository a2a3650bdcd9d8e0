import type { ETags } from '../core/preconditions.ts'

/** What `parseETags` accepts, as the end of "must be …". */
export const ETAGS_EXPECTED = '* or a list of ETags in double quotes, such as "3"'

const ANY = /^[ \t]*\*[ \t]*$/

/** One entity-tag of a list, with the commas around it. */
const ELEMENT = /[ \t,]*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t,]*|$)/y

/**
 * The value of an If-Match or If-None-Match field (RFC 9110, 13.1.1 and 13.1.2): `*`, or a list
 * with at least one tag, which may have empty elements (5.6.1.2). Undefined for anything else.
 *
 * A weak tag counts as the strong one. A proxy that compresses an answer makes W/"3" of our "3",
 * and a version names the task, not the bytes of an answer: both name the same state.
 */
export const parseETags = (field: string): ETags | undefined => {
  if (ANY.test(field)) return '*'
  const tags = new Set<string>()
  ELEMENT.lastIndex = 0
  do {
    const tag = ELEMENT.exec(field)?.[1]
    if (tag === undefined) return undefined
    tags.add(tag)
  } while (ELEMENT.lastIndex < field.length)
  return tags
}
