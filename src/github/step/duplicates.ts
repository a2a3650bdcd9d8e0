import { BLOCKS } from '../api/error-catalog.ts'
import { requireResponse } from '../api/issues-client.ts'
import { AccessBlocked } from '../api/sync-errors.ts'
import type { IssueLink, LinkedIssue, OpenCreate } from '../issue/issue-link.ts'
import { fromIssue } from '../issue/issue-mapping.ts'
import { type RemoteIssue, toRemoteIssue } from '../issue/remote-issue.ts'
import { isUntouched, toAdopted } from './link-transitions.ts'
import { createOf, withKnown } from './open-creates.ts'
import type { SyncContext } from './sync-context.ts'

type Duplicate = Pick<RemoteIssue, 'id' | 'number' | 'isOpen' | 'updatedAt'>

/**
 * Resolves with whether an issue with the task's marker came from a create of ours that GitHub did
 * not confirm. Of the task's two issues the one with the lower number stays, and the other is
 * closed as a duplicate.
 */
export const resolveDuplicate = async (
  ctx: SyncContext,
  link: IssueLink,
  found: RemoteIssue,
): Promise<boolean> => {
  const { issue, taskId } = link
  if (issue === null) return false
  if (issue.id === found.id) return true
  const create = createOf(link, found)
  if (create === undefined) return false
  /** A lagging read still shows it open. Reopened by a person, it is an issue like any other. */
  if (create.closedAt !== undefined) return found.updatedAt <= create.closedAt
  if (found.number < issue.number) await replaceIssue(ctx, taskId, issue, found, create)
  else await close(ctx, taskId, found, create)
  return true
}

/**
 * Links the task to the issue with the lower number. Its text may be that of an earlier try, so
 * what it shows is not a change: the task has the newer text.
 */
const replaceIssue = async (
  ctx: SyncContext,
  taskId: string,
  former: LinkedIssue,
  found: RemoteIssue,
  create: OpenCreate,
): Promise<void> => {
  const formerCreate = { ...create, issueId: former.id }
  const link = await ctx.links.changeLink(taskId, (current) => {
    if (current.issue?.id !== former.id) return undefined
    const shown = fromIssue(found, current.base)
    /** A label that someone else has added since is kept. */
    const labels = isUntouched(found) ? shown.labels : (current.base?.labels ?? shown.labels)
    const next = { ...toAdopted(current, found, ctx.now()), base: { ...shown, labels }, sent: null }
    return withKnown(next, create, formerCreate)
  })
  if (link?.issue?.id === found.id)
    await close(ctx, taskId, { ...former, isOpen: true }, formerCreate)
}

/** Closes a duplicate and records that, so that it stays open once a person reopens it. */
const close = async (
  ctx: SyncContext,
  taskId: string,
  duplicate: Duplicate,
  create: OpenCreate,
): Promise<void> => {
  const closedAt = duplicate.isOpen ? await closeAsDuplicate(ctx, duplicate) : duplicate.updatedAt
  await ctx.links.changeLink(taskId, (link) =>
    withKnown(link, create, { ...create, issueId: duplicate.id, closedAt }),
  )
}

/** Resolves with when the issue changed last. Older servers do not know the reason `duplicate`. */
const closeAsDuplicate = async (
  ctx: SyncContext,
  { number, updatedAt }: Duplicate,
): Promise<string> => {
  const update = async (state_reason: 'duplicate' | 'not_planned') =>
    requireResponse(await ctx.api.update(number, { state: 'closed', state_reason }))
  let outcome = await update('duplicate')
  if (outcome.kind === 'refused' && outcome.status === 422) outcome = await update('not_planned')
  if (outcome.kind === 'refused' && outcome.status === 403)
    throw new AccessBlocked(BLOCKS.forbidden)
  return outcome.kind === 'ok' ? toRemoteIssue(outcome.data).updatedAt : updatedAt
}
