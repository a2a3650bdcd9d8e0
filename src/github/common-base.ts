import type { SyncedFields } from '../core/sync-link.ts'
import { keyOf, keysOf } from './issue-labels.ts'
import { fromIssue, type SeenIssue } from './issue-mapping.ts'

/**
 * The state that both sides knew, when nobody knows whether what was sent has arrived (a crash, a timeout, a reset): where the
 * issue shows what was sent, that is it, else what it was before. So our own words that come back are never taken for a
 * change by someone else, whatever has become of the task since.
 *
 * @param base the last state that both sides are known to have had
 * @param sent the state that the issue was then to be made equal to
 */
export const commonBase = (base: SyncedFields, sent: SyncedFields, issue: SeenIssue): SyncedFields => {
  const seen = fromIssue(issue, sent)
  const pick = <F extends keyof SyncedFields>(field: F): SyncedFields[F] =>
    seen[field] === sent[field] ? sent[field] : base[field]

  const there = keysOf(issue.labels)
  const sentKeys = keysOf(sent.labels)
  const baseKeys = keysOf(base.labels)
  const isArrived = (label: string): boolean => there.has(keyOf(label)) === sentKeys.has(keyOf(label))
  return {
    title: pick('title'),
    description: pick('description'),
    status: pick('status'),
    priority: pick('priority'),
    labels: [
      ...base.labels.filter((label) => sentKeys.has(keyOf(label)) || !isArrived(label)),
      ...sent.labels.filter((label) => !baseKeys.has(keyOf(label)) && isArrived(label)),
    ],
  }
}
