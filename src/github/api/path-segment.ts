/** `.` and `..`, also percent-encoded: https://url.spec.whatwg.org/#single-dot-path-segment */
const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i

/**
 * Whether a name, percent-encoded, stays one segment of a URL's path. A URL parser removes dot
 * segments, and a proxy may decode `%2F` and then drop empty segments: the request would go to
 * another path.
 */
export const isPathSegment = (name: string): boolean =>
  name.isWellFormed() &&
  name.split(/[/\\]/).every((part) => part.trim() !== '' && !DOT_SEGMENT.test(part))
