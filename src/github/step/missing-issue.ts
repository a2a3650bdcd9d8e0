import { BLOCKS, ISSUE_DELETED, transferred } from '../api/error-catalog.ts'
import { AccessBlocked, TransientFailure } from '../api/sync-errors.ts'
import type { IssueLink } from '../issue/issue-link.ts'
import { toHalted } from './link-transitions.ts'
import type { SyncContext } from './sync-context.ts'

/** How long after its creation an issue may not be shown yet, as reads may lag behind writes. */
const NEW_MS = 60_000

/**
 * Handles an issue that cannot be read any more. The task stays and its link says why; a deleted
 * task has nothing left to do.
 */
export const handleMissingIssue = async (
  ctx: SyncContext,
  { taskId, issue, sentAt }: IssueLink,
  { status, location }: { status: number; location: string | undefined },
): Promise<void> => {
  if (status === 403) throw new AccessBlocked(BLOCKS.forbidden)
  /** Whatever keeps us from the repository as a whole is thrown here. */
  await ctx.api.findRepository()
  if (status === 404 && sentAt !== null && ctx.clock.now() - sentAt < NEW_MS)
    throw new TransientFailure('unavailable', 'GitHub does not show the new issue yet')
  const error = location === undefined ? ISSUE_DELETED : transferred(location)
  await ctx.links.changeLink(taskId, (link, task) => {
    if (link.issue?.id !== issue?.id) return undefined
    return task === undefined ? null : toHalted(link, 'issue_missing', error)
  })
}
