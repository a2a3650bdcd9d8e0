/** Whether a request may go on at this version of the task. */
export type Precondition = (version: number) => boolean

/** The strong entity tag of a version (RFC 9110, 8.8.3). */
export const toETag = (version: number): string => `"${version}"`

/** An If-Match field (RFC 9110, 13.1.1): `*` or a list of strong tags; a weak one never matches. Absent, all match. */
export const ifMatch = (field: string | undefined): Precondition => {
  if (field === undefined || field.trim() === '*') return () => true
  const tags = new Set(toTags(field))
  return (version) => tags.has(toETag(version))
}

/** An If-None-Match field (RFC 9110, 13.1.2): true when the reader already has this version; weak tags count. */
export const ifNoneMatch = (field: string | undefined, version: number): boolean => {
  if (field === undefined) return false
  if (field.trim() === '*') return true
  return toTags(field).some((tag) => tag.replace(/^W\//, '') === toETag(version))
}

const toTags = (field: string): string[] => field.split(',').map((tag) => tag.trim())
