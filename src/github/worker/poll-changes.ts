import { formatInstant } from '../../core/instant.ts'
import { CURSOR, VANISH_CHECK } from '../api/state-keys.ts'
import { hasRemoteChanges } from '../issue/remote-changes.ts'
import type { RemoteIssue } from '../issue/remote-issue.ts'
import { handleUnlinkedIssue } from '../step/incoming.ts'
import { linkPages } from '../step/link-pages.ts'
import { markOutdated } from '../step/mark-outdated.ts'
import type { SyncContext } from '../step/sync-context.ts'

/**
 * As lists lag, and GitHub's time is known to some seconds only, each sweep looks this far behind
 * the last one.
 */
const OVERLAP_MS = 5 * 60 * 1000

/** How many polls make a day at the default interval; deleted issues are looked for that often. */
const SWEEPS_A_DAY = 288

/**
 * Looks at every issue that changed since the last sweep, so that the sync is right with no webhook
 * at all. One that shows something new becomes a job, so that an issue that fails keeps no other
 * back. The cursor is kept only when all were looked at.
 */
export const pollChanges = async (ctx: SyncContext): Promise<void> => {
  const [began, beganAt] = [ctx.clock.now(), performance.now()]
  const since = formatInstant((await readCursor(ctx)) - OVERLAP_MS)
  const unknown: RemoteIssue[] = []
  /**
   * Newest first: an issue that changes meanwhile moves to the front, so none slips from an unread
   * page to one already read.
   */
  for await (const issue of ctx.api.list({
    state: 'all',
    sort: 'updated',
    direction: 'desc',
    since,
  })) {
    const link = await ctx.links.linkOfIssue(issue.id)
    if (link === undefined) unknown.push(issue)
    else if (
      link.status === 'issue_missing' ||
      (link.status === 'linked' && hasRemoteChanges(link, issue))
    )
      await markOutdated(ctx, link.taskId, link.status)
  }
  /** An issue of ours comes before its copies. */
  for (const issue of unknown.sort((a, b) => a.number - b.number))
    await handleUnlinkedIssue(ctx, issue)
  /**
   * The answers may have shown that GitHub's time was another; the machine may have slept, too. The
   * earlier one misses nothing.
   */
  const cursor = Math.min(began, ctx.clock.now() - (performance.now() - beganAt))
  await ctx.values.write(CURSOR, Math.floor(cursor))
}

/**
 * From when on to look, in GitHub's time: from now on, the first time. A cursor in the future is
 * from a clock that was wrong.
 */
const readCursor = async ({ api, clock, values }: SyncContext): Promise<number> => {
  const cursor = (await values.read(CURSOR)) as number | undefined
  if (cursor === undefined && clock.offset() === undefined) await api.findRepository()
  return Math.min(cursor ?? Number.POSITIVE_INFINITY, clock.now())
}

/**
 * An issue that is deleted changes nothing in a list: it is just not there. Once a day the linked
 * ones that are missing are read one by one.
 */
export const findDeletedIssues = async (ctx: SyncContext): Promise<void> => {
  const now = ctx.clock.now()
  const last = ((await ctx.values.read(VANISH_CHECK)) as number | undefined) ?? 0
  if (last <= now && now - last < SWEEPS_A_DAY * ctx.settings.sweepIntervalMs) return
  const there = new Set<string>()
  for await (const { id } of ctx.api.list({ state: 'all', sort: 'created', direction: 'asc' }))
    there.add(id)
  for await (const page of linkPages(ctx.links, 'linked')) {
    const missing = page.filter(({ issue }) => issue !== null && !there.has(issue.id))
    await Promise.all(missing.map(({ taskId }) => markOutdated(ctx, taskId, 'linked')))
  }
  await ctx.values.write(VANISH_CHECK, now)
}
