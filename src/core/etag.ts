import { AppError } from './errors.ts'

/** What an If-Match or If-None-Match field names: any version (`*`), or the listed entity tags. */
export type ETags = '*' | ReadonlySet<string>

/** What a write requires of its task's version; an absent field requires nothing. */
export interface Preconditions {
  readonly ifMatch?: ETags | undefined
  readonly ifNoneMatch?: ETags | undefined
}

/** What `parseETags` accepts, as the end of "must be …". */
export const ETAGS_EXPECTED = '* or a list of ETags in double quotes, such as "3"'

/** The entity tag of a version (RFC 9110, 8.8.3). */
export const toETag = (version: number): string => `"${version}"`

const ANY = /^[ \t]*\*[ \t]*$/

/** One entity-tag of a list, with the commas around it. */
const ELEMENT = /[ \t,]*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t,]*|$)/y

/**
 * The value of an If-Match or If-None-Match field (RFC 9110, 13.1.1 and 13.1.2): `*`, or a list with
 * at least one tag, which may have empty elements (5.6.1.2). Undefined for anything else.
 *
 * A weak tag counts as the strong one. A proxy that compresses an answer makes W/"3" of our "3", and
 * a version names the task, not the bytes of an answer: both name the same state.
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

export const includesVersion = (tags: ETags, version: number): boolean =>
  tags === '*' || tags.has(toETag(version))

/** The refusal of a write to a task of this version, in the order of RFC 9110, 13.2.2. */
export const checkPreconditions = (
  version: number,
  { ifMatch, ifNoneMatch }: Preconditions,
): AppError | undefined => {
  const etag = toETag(version)
  if (ifMatch !== undefined && !includesVersion(ifMatch, version))
    return versionMismatch(
      version,
      `The ETag of the task is now ${etag}, which If-Match does not list`,
    )
  if (ifNoneMatch === undefined || !includesVersion(ifNoneMatch, version)) return undefined
  return ifNoneMatch === '*'
    ? versionMismatch(version, `If-None-Match: * refuses a task that exists; its ETag is ${etag}`)
    : versionMismatch(version, `The ETag of the task is ${etag}, which If-None-Match lists`)
}

const versionMismatch = (currentVersion: number, detail: string): AppError =>
  new AppError('version_mismatch', detail, { currentVersion })
