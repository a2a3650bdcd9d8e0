import { normalizedSet, normalizeLabel } from './issue-labels.ts'
import type { SyncedFields } from './issue-link.ts'
import { fromIssue, type SeenIssue } from './issue-mapping.ts'
import { hasTruncationMarkText, hasTruncationMarkTitle } from './issue-text.ts'

/**
 * The state that both sides knew, when nobody knows whether what was sent has arrived (a crash, a
 * timeout, a reset): where the issue shows what was sent, that is it, else what it was before. So
 * our own words that come back are never taken for a change by someone else, whatever has become of
 * the task since.
 *
 * @param base the last state that both sides are known to have had
 * @param sent the state that the issue was then to be made equal to
 */
export const inferMergeBase = (
  base: SyncedFields,
  sent: SyncedFields,
  issue: SeenIssue,
): SyncedFields => {
  const seen = fromIssue(issue, sent)
  const isTitleSent =
    seen.title === sent.title ||
    isEditOf(hasTruncationMarkTitle, issue.title, sent.title, base.title)
  const isTextSent =
    seen.description === sent.description ||
    isEditOf(hasTruncationMarkText, issue.body ?? '', sent.description, base.description)
  return {
    title: (isTitleSent ? sent : base).title,
    description: (isTextSent ? sent : base).description,
    status: (seen.status === sent.status ? sent : base).status,
    priority: (seen.priority === sent.priority ? sent : base).priority,
    labels: commonLabels(base.labels, sent.labels, issue.labels),
  }
}

/**
 * Whether a text is one that was sent cut and then edited: it bears its cut end, which is not the
 * former text's.
 */
const isEditOf = (
  bearsCut: (given: string, seen: string) => boolean,
  seen: string,
  sent: string,
  base: string,
): boolean => bearsCut(sent, seen) && !bearsCut(base, seen)

/** Label by label: as it was sent where the issue has it so, else as it was. */
const commonLabels = (
  base: readonly string[],
  sent: readonly string[],
  there: readonly string[],
): string[] => {
  const [baseKeys, sentKeys, thereKeys] = [
    normalizedSet(base),
    normalizedSet(sent),
    normalizedSet(there),
  ]
  const isArrived = (label: string): boolean =>
    thereKeys.has(normalizeLabel(label)) === sentKeys.has(normalizeLabel(label))
  return [
    ...base.filter((label) => sentKeys.has(normalizeLabel(label)) || !isArrived(label)),
    ...sent.filter((label) => !baseKeys.has(normalizeLabel(label)) && isArrived(label)),
  ]
}
