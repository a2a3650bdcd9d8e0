import type { IssueLink } from '../issue/issue-link.ts'
import type { RemoteIssue } from '../issue/remote-issue.ts'
import { resolveDuplicate } from './duplicates.ts'
import { toAdopted, toNotFound } from './link-transitions.ts'
import type { SyncContext } from './sync-context.ts'

/**
 * An issue may say that it was opened this much before we sent it, as GitHub's time is known to
 * some seconds only.
 */
const CLOCK_SLACK_MS = 5 * 60 * 1000

/**
 * Looks for the issue that may have been opened: adopts it, waits for the next look, or lets it be
 * opened again.
 */
export const findLostIssue = async (ctx: SyncContext, link: IssueLink): Promise<void> => {
  const found = await findOwn(ctx, link)
  const [issue] = found
  if (issue === undefined) {
    await ctx.links.changeLink(link.taskId, (current, task) => {
      if (current.rev !== link.rev) return undefined
      const next = toNotFound(current, ctx.settings.lookupDelaysMs, ctx.clock)
      return task === undefined && next.status !== 'unconfirmed' ? null : next
    })
    return
  }
  const adopt = (current: IssueLink) =>
    current.issue === null ? toAdopted(current, issue, ctx.now()) : undefined
  let known = await ctx.links.changeLink(link.taskId, adopt)
  for (const each of found) {
    if (known === undefined) return
    await resolveDuplicate(ctx, known, each)
    known = await ctx.links.link(link.taskId)
  }
}

/**
 * The issues with the task's marker that were opened since the try and belong to no other task, the
 * lowest number first.
 */
const findOwn = async (ctx: SyncContext, { taskId, sentAt }: IssueLink): Promise<RemoteIssue[]> => {
  const since = Math.min(sentAt ?? 0, ctx.clock.now()) - CLOCK_SLACK_MS
  const found: RemoteIssue[] = []
  for (const creator of await ctx.api.authors()) {
    for await (const issue of ctx.api.list({
      creator,
      state: 'all',
      sort: 'created',
      direction: 'desc',
    })) {
      if (issue.createdAt < since) break
      if (issue.author !== creator || ctx.marker.taskOf(issue.body) !== taskId) continue
      if ((await ctx.links.linkOfIssue(issue.id)) === undefined) found.push(issue)
    }
  }
  return found.sort((a, b) => a.number - b.number)
}
