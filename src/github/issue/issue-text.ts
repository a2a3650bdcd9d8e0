import { MARKER_LENGTH, splitAtMarkers } from './marker.ts'
import { mayLeaveBlockOpen } from './open-block.ts'

/**
 * What fits in an issue, in code points. GitHub's refusals speak of characters and its store counts
 * bytes, four for each of them, so a text that keeps to code points passes by either count.
 */
export const MAX_ISSUE_TITLE = 256
export const MAX_ISSUE_BODY = 65_536

/** What is called so has a title that would be blank on one line, which GitHub refuses. */
export const UNTITLED = 'Untitled'

interface Limit {
  readonly most: number
  /** What a cut text ends with. */
  readonly note: string
}

const TITLE: Limit = { most: MAX_ISSUE_TITLE, note: '…' }
const TEXT: Limit = {
  most: MAX_ISSUE_BODY - '\n\n'.length - MARKER_LENGTH,
  note: '\n\n*… cut here, as GitHub takes no longer text. The task has it whole.*',
}
/** How many characters must precede a note for it to be the truncation mark. */
const BEFORE_NOTE = 32

/** The first code points of a text: never half a surrogate pair. */
export const firstCodePoints = (text: string, most: number): string => {
  let end = 0
  for (let count = 0; count < most && end < text.length; count += 1)
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  return text.slice(0, end)
}

const isTooLong = (text: string, { most }: Limit): boolean => firstCodePoints(text, most) !== text
const headOf = (text: string, { most, note }: Limit): string =>
  firstCodePoints(text, most - note.length)
const truncate = (text: string, limit: Limit): string =>
  isTooLong(text, limit) ? headOf(text, limit) + limit.note : text

/** A title on one line, as GitHub has no others. */
const lineOf = (title: string): string => title.replaceAll(/\p{Cc}+/gu, ' ').trim() || UNTITLED

/** A text without the markers in it and the blank lines around them, its lines ended by LF. */
export const textOf = (body: string): string =>
  splitAtMarkers(body.replaceAll(/\r\n?/g, '\n'))
    .map(withoutBlankEnds)
    .filter((part) => part !== '')
    .join('\n\n')

/** A regular expression would take quadratic time for blank lines that others write. */
const withoutBlankEnds = (text: string): string => {
  let start = 0
  let end = text.length
  while (text[start] === '\n') start += 1
  while (end > start && text[end - 1] === '\n') end -= 1
  return text.slice(start, end)
}

/** A title as an issue can hold it. */
export const toIssueTitle = (title: string): string => truncate(lineOf(title), TITLE)

/**
 * A description as an issue can hold it, and the marker below it, or above it where the description
 * would make the marker part of a code block and so show it. A description that contains a marker
 * is sent without: it would lead to another task.
 */
export const toIssueBody = (description: string, marker: string): string => {
  const text = truncate(textOf(description), TEXT)
  if (text === '') return marker
  return mayLeaveBlockOpen(text) ? `${marker}\n\n${text}` : `${text}\n\n${marker}`
}

/** Whether a title at GitHub is the one given, in full or cut. */
export const matchesTitle = (given: string, seen: string): boolean =>
  matches(lineOf(given), lineOf(seen), TITLE)

/** Whether a body at GitHub is the text given, in full or cut. */
export const matchesText = (given: string, seen: string): boolean =>
  matches(textOf(given), textOf(seen), TEXT)

/**
 * Someone may have written more at GitHub than we could send (its limits are looser than it says).
 * Where the part that we can send is equal, both stay as they are, since to write would be to cut
 * theirs.
 */
const matches = (given: string, seen: string, limit: Limit): boolean => {
  const sent = truncate(given, limit)
  if (seen === given || seen === sent) return true
  return isTooLong(seen, limit) && !seen.includes(limit.note) && truncate(seen, limit) === sent
}

/**
 * What a title at GitHub says in full, given the one that it was cut from: who changes it
 * elsewhere, or adds to it, leaves the end where it was cut as it was, and what was cut off still
 * belongs there.
 */
export const untruncateTitle = (given: string, seen: string): string =>
  untruncate(lineOf(given), seen, TITLE)

/** The same of a text, as of `textOf`. */
export const untruncateText = (given: string, seen: string): string =>
  untruncate(textOf(given), seen, TEXT)

/** Whether the end of a title at GitHub is the one where that given was cut. */
export const hasTruncationMarkTitle = (given: string, seen: string): boolean =>
  truncationAt(lineOf(given), seen, TITLE) >= 0

/** The same of a body. */
export const hasTruncationMarkText = (given: string, seen: string): boolean =>
  truncationAt(textOf(given), textOf(seen), TEXT) >= 0

const truncationAt = (given: string, seen: string, limit: Limit): number =>
  isTooLong(given, limit)
    ? seen.lastIndexOf(headOf(given, limit).slice(-BEFORE_NOTE) + limit.note)
    : -1

const untruncate = (given: string, seen: string, limit: Limit): string => {
  const at = truncationAt(given, seen, limit)
  if (at < 0) return seen
  const cutOff = given.slice(headOf(given, limit).length)
  return seen.slice(0, at + BEFORE_NOTE) + cutOff + seen.slice(at + BEFORE_NOTE + limit.note.length)
}
