import { AppError } from './errors.ts'

/** What an If-Match or If-None-Match field names: any version (`*`), or the listed entity tags. */
export type ETags = '*' | ReadonlySet<string>

/** What a write requires of its entity's version; an absent field requires nothing. */
export interface Preconditions {
  readonly ifMatch?: ETags | undefined
  readonly ifNoneMatch?: ETags | undefined
}

/** The entity tag of a version (RFC 9110, 8.8.3). */
export const toETag = (version: number): string => `"${version}"`

export const includesVersion = (tags: ETags, version: number): boolean =>
  tags === '*' || tags.has(toETag(version))

/**
 * The refusal of a write to an entity of this version, in the order of RFC 9110, 13.2.2. `resource`
 * names the entity in it.
 */
export const checkPreconditions = (
  version: number,
  { ifMatch, ifNoneMatch }: Preconditions,
  resource = 'task',
): AppError | undefined => {
  const etag = toETag(version)
  if (ifMatch !== undefined && !includesVersion(ifMatch, version))
    return versionMismatch(
      version,
      `The ETag of the ${resource} is now ${etag}, which If-Match does not list`,
    )
  if (ifNoneMatch === undefined || !includesVersion(ifNoneMatch, version)) return undefined
  const detail =
    ifNoneMatch === '*'
      ? `If-None-Match: * refuses a ${resource} that exists; its ETag is ${etag}`
      : `The ETag of the ${resource} is ${etag}, which If-None-Match lists`
  return versionMismatch(version, detail)
}

const versionMismatch = (currentVersion: number, detail: string): AppError =>
  new AppError('version_mismatch', detail, { currentVersion })
