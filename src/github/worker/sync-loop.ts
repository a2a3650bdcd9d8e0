import { LAST_SWEEP } from '../api/state-keys.ts'
import { AccessBlocked, IssueRejected, RateLimited, TransientFailure } from '../api/sync-errors.ts'
import type { IssueLink } from '../issue/issue-link.ts'
import { findLostIssue } from '../step/find-lost-issue.ts'
import { linkPages } from '../step/link-pages.ts'
import { toRetry } from '../step/link-transitions.ts'
import { markOutdated } from '../step/mark-outdated.ts'
import { openIssue } from '../step/open-issue.ts'
import { reconcile } from '../step/reconcile.ts'
import type { SyncContext } from '../step/sync-context.ts'
import type { Delivery } from '../webhook.ts'
import { createAccessBlock } from './access-block.ts'
import { createClockWatch } from './clock-watch.ts'
import { type DeliveryGroup, groupByIssue, processGroup } from './deliveries.ts'
import { findDeletedIssues, pollChanges } from './poll-changes.ts'

/** A delivery that comes again within that time is known, in milliseconds. */
const DELIVERIES_KEPT_MS = 7 * 24 * 60 * 60 * 1000

/** How many deliveries are read together. */
const DELIVERIES = 50

/** How many jobs run before deliveries are read again. */
const JOBS = 10

/**
 * One round of the sync after the other: what GitHub told of, the sweep, the jobs that are due.
 * Resolves with whether there was anything to do. No call goes out while a limit or a block is in
 * force.
 *
 * The first sweep comes before the first job: where the database was put back to an earlier state,
 * it finds the issues that were opened since, before they are opened again.
 */
export const createSyncLoop = async (
  ctx: SyncContext,
  isHeld: () => boolean,
  warn: (error: unknown, message: string) => void,
): Promise<() => Promise<boolean>> => {
  await resume(ctx)
  const watchClock = await createClockWatch(ctx, warn)
  /** By the monotonic clock. */
  let sweepAt = 0

  /**
   * Resolves with whether the step came to its end. What stops everything stops the round as well.
   */
  const attempt = async (
    step: () => Promise<void>,
    onFailure: (failure: TransientFailure) => Promise<unknown>,
  ): Promise<boolean> => {
    try {
      await step()
      return true
    } catch (error) {
      if (error instanceof IssueRejected) return true
      if (error instanceof RateLimited || error instanceof AccessBlocked) throw error
      if (!isHeld()) return false
      if (!(error instanceof TransientFailure)) warn(error, 'a step of the GitHub sync failed')
      await onFailure(
        error instanceof TransientFailure
          ? error
          : new TransientFailure('internal', 'The service failed; its log says how'),
      )
      return false
    }
  }

  const fail = (taskId: string, { code, message }: TransientFailure) =>
    ctx.links.changeLink(taskId, (link) =>
      toRetry(link, { code, detail: message }, ctx.settings.retryBaseMs, ctx.clock),
    )

  const job = async (link: IssueLink): Promise<boolean> => {
    try {
      return await attempt(
        () => carryOut(ctx, link),
        (failure) => fail(link.taskId, failure),
      )
    } catch (error) {
      throw error instanceof AccessBlocked ? new AccessBlocked(error.reason, link.taskId) : error
    }
  }
  const block = await createAccessBlock(ctx, job)

  /**
   * A hint that cannot be processed now becomes a job of its task or, without a task, is left to
   * the next poll.
   */
  const putOff = async ([{ issueId }]: DeliveryGroup, failure: TransientFailure): Promise<void> => {
    const link = await ctx.links.linkOfIssue(issueId)
    if (link === undefined)
      sweepAt = Math.min(sweepAt, performance.now() + ctx.settings.retryBaseMs)
    else if (link.status !== 'blocked' && link.status !== 'failed') await fail(link.taskId, failure)
  }

  const deliveries = async (): Promise<number> => {
    const open = (await ctx.inbox.open(DELIVERIES)) as Delivery[]
    for (const group of groupByIssue(open)) {
      const isDone = await attempt(
        () => processGroup(ctx, group),
        (failure) => putOff(group, failure),
      )
      /** Another process goes on from here. */
      if (!isDone && !isHeld()) break
      const forgetBefore = ctx.now() - DELIVERIES_KEPT_MS
      await Promise.all(group.map(({ id }) => ctx.inbox.close(id, forgetBefore)))
    }
    return open.length
  }

  const sweepWhenDue = async (): Promise<boolean> => {
    if (performance.now() < sweepAt) return false
    const { sweepIntervalMs } = ctx.settings
    sweepAt = performance.now() + sweepIntervalMs
    const isDone = await attempt(
      () => pollChanges(ctx),
      async () => {
        sweepAt = performance.now() + Math.min(sweepIntervalMs, 60_000)
      },
    )
    if (isDone) await ctx.values.write(LAST_SWEEP, ctx.now())
    return true
  }

  const work = async (): Promise<boolean> => {
    const followed = await deliveries()
    const swept = await sweepWhenDue()
    const due = await ctx.links.dueLinks(JOBS)
    for (const link of due) if (isHeld()) await job(link)
    if (swept && isHeld())
      await attempt(
        () => findDeletedIssues(ctx),
        async () => undefined,
      )
    return followed > 0 || due.length > 0 || swept
  }

  return async () => {
    await watchClock()
    if (ctx.limits.isPaused()) return false
    try {
      if (block.isOpen()) return await block.tick()
      return await work()
    } catch (error) {
      if (error instanceof RateLimited) return false
      if (!(error instanceof AccessBlocked)) throw error
      await block.open(error)
      return true
    }
  }
}

/** Changes that another process began and did not finish are checked first. */
const resume = async (ctx: SyncContext): Promise<void> => {
  for await (const page of linkPages(ctx.links, 'updating')) {
    await Promise.all(page.map(({ taskId }) => markOutdated(ctx, taskId, 'updating')))
  }
}

/**
 * The next step of a job that is due. A try of which nobody knows what became of it is looked into
 * before another.
 */
const carryOut = async (ctx: SyncContext, link: IssueLink): Promise<void> => {
  switch (link.status) {
    case 'pending':
      if (link.isDeleted) return forget(ctx, link)
      return (await isHeldBack(ctx, link)) ? undefined : openIssue(ctx, link)
    case 'creating':
    case 'unconfirmed':
      return findLostIssue(ctx, link)
    default:
      return reconcile(ctx, link, null)
  }
}

/** The task was deleted before it had an issue. */
const forget = async (ctx: SyncContext, { taskId }: IssueLink): Promise<void> => {
  await ctx.links.changeLink(taskId, ({ status, isDeleted }) =>
    status === 'pending' && isDeleted ? null : undefined,
  )
}

/** When no issue may be opened just now, the job says when. */
const isHeldBack = async (ctx: SyncContext, { taskId, rev }: IssueLink): Promise<boolean> => {
  const at = ctx.limits.nextCreateAt()
  if (at <= ctx.now()) return false
  await ctx.links.changeLink(taskId, (link) =>
    link.rev === rev ? { ...link, nextAttemptAt: at } : undefined,
  )
  return true
}
