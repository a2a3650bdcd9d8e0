import { BLOCKS, invalidIssue } from '../api/error-catalog.ts'
import { type Outcome, requireResponse } from '../api/issues-client.ts'
import { isPathSegment } from '../api/path-segment.ts'
import { AccessBlocked, IssueRejected, TransientFailure } from '../api/sync-errors.ts'
import type { IssueChanges } from '../issue/issue-diff.ts'
import { hasAll } from '../issue/issue-labels.ts'
import { type RemoteIssue, toRemoteIssue } from '../issue/remote-issue.ts'
import { toHalted } from './link-transitions.ts'
import type { SyncContext } from './sync-context.ts'

/**
 * Labels added, then the patch, then labels removed: between two of these status and priority are
 * never a third. Labels are removed one by one, so that one which a person adds meanwhile stays; as
 * a whole only where a name cannot be part of a path. Resolves with the issue as GitHub showed it
 * then. Throws Refused when GitHub takes no such text, and its link says so.
 */
export const writeIssue = async (
  ctx: SyncContext,
  taskId: string,
  seen: RemoteIssue,
  { patch, addLabels, removeLabels }: IssueChanges,
): Promise<RemoteIssue | 'labels_dropped'> => {
  let issue = seen
  const relabel = async (writing: Promise<Outcome>, done?: number): Promise<boolean> => {
    const outcome = await writing
    if (outcome.kind === 'refused' && outcome.status === 403) return false
    const labels = await sent(ctx, taskId, outcome, done)
    if (labels !== undefined)
      issue = { ...issue, labels: (labels as { name: string }[]).map(({ name }) => name) }
    return true
  }
  if (addLabels.length > 0) {
    const isAllowed = await relabel(ctx.api.addLabels(seen.number, addLabels))
    if (!isAllowed || !hasAll(issue.labels, addLabels)) return 'labels_dropped'
  }
  if (patch !== undefined)
    issue = toRemoteIssue(await sent(ctx, taskId, await ctx.api.update(seen.number, patch)))
  if (!removeLabels.every(isPathSegment))
    return replaceLabels(ctx, taskId, issue, without(issue.labels, removeLabels))
  for (const label of removeLabels) {
    issue = { ...issue, labels: without(issue.labels, [label]) }
    if (!(await relabel(ctx.api.removeLabel(seen.number, label), 404))) return 'labels_dropped'
  }
  return issue
}

/** Writes all labels of an issue at once. */
const replaceLabels = async (
  ctx: SyncContext,
  taskId: string,
  { number }: RemoteIssue,
  labels: readonly string[],
): Promise<RemoteIssue | 'labels_dropped'> => {
  const outcome = await ctx.api.update(number, { labels })
  if (outcome.kind === 'refused' && outcome.status === 403) return 'labels_dropped'
  const issue = toRemoteIssue(await sent(ctx, taskId, outcome))
  return hasAll(labels, issue.labels) ? issue : 'labels_dropped'
}

const without = (labels: readonly string[], removed: readonly string[]): string[] =>
  labels.filter((label) => !removed.includes(label))

/** Closes the issue of a task that was deleted. */
export const closeIssue = async (
  ctx: SyncContext,
  taskId: string,
  number: number,
): Promise<void> => {
  await sent(
    ctx,
    taskId,
    await ctx.api.update(number, { state: 'closed', state_reason: 'not_planned' }),
  )
}

/** The data of a write that was done, or was needless (`done`). */
const sent = async (
  ctx: SyncContext,
  taskId: string,
  came: Outcome,
  done?: number,
): Promise<unknown> => {
  const outcome = requireResponse(came)
  if (outcome.kind === 'ok') return outcome.data
  if (outcome.status === done) return undefined
  if (outcome.status === 403) throw new AccessBlocked(BLOCKS.forbidden, taskId)
  if (outcome.status === 422) {
    await ctx.links.changeLink(taskId, (link) => ({
      ...toHalted(link, 'blocked', invalidIssue(outcome.message)),
      sent: null,
    }))
    throw new IssueRejected()
  }
  throw new TransientFailure('refused', `GitHub answered ${outcome.status}: ${outcome.message}`)
}
