import { BLOCKS, ISSUE_DELETED, transferred } from '../api/error-catalog.ts'
import { AccessBlocked, TransientFailure } from '../api/sync-errors.ts'
import type { IssueLink } from '../issue/issue-link.ts'
import { toHalted } from './link-transitions.ts'
import type { SyncContext } from './sync-context.ts'

/** So long after it was opened an issue may not be shown yet: reads may lag behind writes. */
const NEW_MS = 60_000

/**
 * An issue can't be read where it was. The task lives on and tells of it; a deleted task has
 * nothing left to do.
 */
export const handleMissingIssue = async (
  ctx: SyncContext,
  { taskId, issue, sentAt }: IssueLink,
  { status, location }: { status: number; location: string | undefined },
): Promise<void> => {
  if (status === 403) throw new AccessBlocked(BLOCKS.forbidden)
  /** Whatever keeps us from the repository as a whole is thrown here. */
  await ctx.api.probe()
  if (status === 404 && sentAt !== null && ctx.clock.now() - sentAt < NEW_MS)
    throw new TransientFailure('unavailable', 'GitHub does not show the new issue yet')
  const error = location === undefined ? ISSUE_DELETED : transferred(location)
  await ctx.links.changeLink(taskId, (link, task) => {
    if (link.issue?.id !== issue?.id) return undefined
    return task === undefined ? null : toHalted(link, 'issue_missing', error)
  })
}
