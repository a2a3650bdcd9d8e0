import { isDeepStrictEqual } from 'node:util'
import { diffIssue, isEmpty } from './issue-diff.ts'
import type { IssueLink } from './issue-link.ts'
import { fromIssue, type SeenIssue, toIssue } from './issue-mapping.ts'
import { merge } from './merge.ts'

/**
 * Whether an issue differs from what both sides last had. Values are compared, as GitHub's instants
 * have whole seconds.
 */
export const hasRemoteChanges = (
  { base, areLabelsDropped }: IssueLink,
  issue: SeenIssue,
): boolean => {
  if (base === null) return true
  const options = { ignoreLabels: areLabelsDropped }
  const known = toIssue(base, '')
  const { fields } = merge(base, base, fromIssue(issue, base), 'issue', options)
  return !isDeepStrictEqual(fields, base) || !isEmpty(diffIssue(issue, known, known, options))
}
