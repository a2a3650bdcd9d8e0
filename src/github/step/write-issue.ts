import { answered, type Outcome } from '../api/api.ts'
import { isPathSegment } from '../api/path-segment.ts'
import { Blocked, Failed, Refused } from '../api/stopped.ts'
import { BLOCKS, invalidIssue } from '../api/sync-errors.ts'
import type { IssueChanges } from '../issue/issue-diff.ts'
import { hasAll } from '../issue/issue-labels.ts'
import { type RemoteIssue, toRemoteIssue } from '../issue/remote-issue.ts'
import type { Desk } from './desk.ts'
import { halted } from './links.ts'

/**
 * Labels added, then the patch, then labels removed: between two of these status and priority are
 * never a third. Labels are removed one by one, so that one which a person adds meanwhile stays; as
 * a whole only where a name cannot be part of a path. Resolves with the issue as GitHub showed it
 * then. Throws Refused when GitHub takes no such text, and its link says so.
 */
export const writeIssue = async (
  desk: Desk,
  taskId: string,
  seen: RemoteIssue,
  { patch, addLabels, removeLabels }: IssueChanges,
): Promise<RemoteIssue | 'labels_dropped'> => {
  let issue = seen
  const relabel = async (writing: Promise<Outcome>, done?: number): Promise<boolean> => {
    const outcome = await writing
    if (outcome.kind === 'refused' && outcome.status === 403) return false
    const labels = await sent(desk, taskId, outcome, done)
    if (labels !== undefined) issue = { ...issue, labels: (labels as { name: string }[]).map(({ name }) => name) }
    return true
  }
  if (addLabels.length > 0) {
    const isAllowed = await relabel(desk.api.addLabels(seen.number, addLabels))
    if (!isAllowed || !hasAll(issue.labels, addLabels)) return 'labels_dropped'
  }
  if (patch !== undefined) issue = toRemoteIssue(await sent(desk, taskId, await desk.api.update(seen.number, patch)))
  if (!removeLabels.every(isPathSegment)) return replaceLabels(desk, taskId, issue, without(issue.labels, removeLabels))
  for (const label of removeLabels) {
    issue = { ...issue, labels: without(issue.labels, [label]) }
    if (!(await relabel(desk.api.removeLabel(seen.number, label), 404))) return 'labels_dropped'
  }
  return issue
}

/** Writes all labels of an issue at once. */
const replaceLabels = async (
  desk: Desk,
  taskId: string,
  { number }: RemoteIssue,
  labels: readonly string[],
): Promise<RemoteIssue | 'labels_dropped'> => {
  const outcome = await desk.api.update(number, { labels })
  if (outcome.kind === 'refused' && outcome.status === 403) return 'labels_dropped'
  const issue = toRemoteIssue(await sent(desk, taskId, outcome))
  return hasAll(labels, issue.labels) ? issue : 'labels_dropped'
}

const without = (labels: readonly string[], removed: readonly string[]): string[] =>
  labels.filter((label) => !removed.includes(label))

/** Closes the issue of a task that was deleted. */
export const closeIssue = async (desk: Desk, taskId: string, number: number): Promise<void> => {
  await sent(desk, taskId, await desk.api.update(number, { state: 'closed', state_reason: 'not_planned' }))
}

/** The data of a write that was done, or was needless (`done`). */
const sent = async (desk: Desk, taskId: string, came: Outcome, done?: number): Promise<unknown> => {
  const outcome = answered(came)
  if (outcome.kind === 'ok') return outcome.data
  if (outcome.status === done) return undefined
  if (outcome.status === 403) throw new Blocked(BLOCKS.forbidden, taskId)
  if (outcome.status === 422) {
    await desk.sync.changeLink(taskId, (link) => ({ ...halted(link, 'blocked', invalidIssue(outcome.message)), sent: null }))
    throw new Refused()
  }
  throw new Failed('refused', `GitHub answered ${outcome.status}: ${outcome.message}`)
}
