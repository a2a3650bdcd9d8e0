import type { SyncLink } from '../../core/sync-link.ts'
import { LAST_SWEEP } from '../api/state-names.ts'
import { Blocked, Failed, Paused, Refused } from '../api/stopped.ts'
import type { Desk } from '../step/desk.ts'
import { linkPages } from '../step/link-pages.ts'
import { failed } from '../step/links.ts'
import { lookUp } from '../step/look-up.ts'
import { openIssue } from '../step/open-issue.ts'
import { reconcile } from '../step/reconcile.ts'
import { suspect } from '../step/suspect.ts'
import { createBlock } from './block.ts'
import { createClockWatch } from './clock-watch.ts'
import { byIssue, follow, type Told } from './deliveries.ts'
import { checkVanished, sweep, UNKNOWN_ACTOR } from './sweep.ts'

/** A delivery that comes again within that time is known, in milliseconds. */
const DELIVERIES_KEPT_MS = 7 * 24 * 60 * 60 * 1000

/** So many deliveries are looked at together. */
const DELIVERIES = 50

/** So many jobs are begun before the deliveries are looked at again. */
const JOBS = 10

/**
 * One round of the sync after the other: what GitHub told of, the sweep, the jobs that are due. Resolves with whether there was
 * anything to do. No call goes out while a limit or a block is in force.
 *
 * The first sweep comes before the first job: where the database was put back to an earlier state, it finds the issues that were
 * opened since, before they are opened again.
 */
export const createRounds = async (
  desk: Desk,
  isHeld: () => boolean,
  warn: (error: unknown, message: string) => void,
): Promise<() => Promise<boolean>> => {
  await resume(desk)
  const watchClock = await createClockWatch(desk, warn)
  /** By the monotonic clock. */
  let sweepAt = 0

  /** Resolves with whether the step came to its end. What stops everything stops the round as well. */
  const attempt = async (step: () => Promise<void>, onFailure: (failure: Failed) => Promise<unknown>): Promise<boolean> => {
    try {
      await step()
      return true
    } catch (error) {
      if (error instanceof Refused) return true
      if (error instanceof Paused || error instanceof Blocked) throw error
      if (!isHeld()) return false
      if (!(error instanceof Failed)) warn(error, 'a step of the GitHub sync failed')
      await onFailure(error instanceof Failed ? error : new Failed('internal', 'The service failed; its log says how'))
      return false
    }
  }

  const fail = (taskId: string, { code, message }: Failed) =>
    desk.sync.changeLink(taskId, (link) => failed(link, { code, detail: message }, desk.settings.retryBaseMs, desk.clock))

  const job = async (link: SyncLink): Promise<boolean> => {
    try {
      return await attempt(
        () => carryOut(desk, link),
        (failure) => fail(link.taskId, failure),
      )
    } catch (error) {
      throw error instanceof Blocked ? new Blocked(error.reason, link.taskId) : error
    }
  }
  const block = await createBlock(desk, job)

  /** A hint that can't be followed now becomes a job of its task or, where there is none, is followed by the sweep. */
  const putOff = async ([{ issueId }]: Told, failure: Failed): Promise<void> => {
    const link = await desk.sync.linkOfIssue(issueId)
    if (link === undefined) sweepAt = Math.min(sweepAt, performance.now() + desk.settings.retryBaseMs)
    else if (link.status !== 'blocked' && link.status !== 'dead') await fail(link.taskId, failure)
  }

  const deliveries = async (): Promise<number> => {
    const open = await desk.sync.openDeliveries(DELIVERIES)
    for (const told of byIssue(open)) {
      const isDone = await attempt(
        () => follow(desk, told),
        (failure) => putOff(told, failure),
      )
      /** Another process goes on from here. */
      if (!isDone && !isHeld()) break
      const forgetBefore = desk.now() - DELIVERIES_KEPT_MS
      await Promise.all(told.map(({ id }) => desk.sync.closeDelivery(id, forgetBefore)))
    }
    return open.length
  }

  const sweepWhenDue = async (): Promise<boolean> => {
    if (performance.now() < sweepAt) return false
    const { sweepIntervalMs } = desk.settings
    sweepAt = performance.now() + sweepIntervalMs
    const isDone = await attempt(
      () => sweep(desk),
      async () => {
        sweepAt = performance.now() + Math.min(sweepIntervalMs, 60_000)
      },
    )
    if (isDone) await desk.sync.writeState(LAST_SWEEP, desk.now())
    return true
  }

  const work = async (): Promise<boolean> => {
    const followed = await deliveries()
    const swept = await sweepWhenDue()
    const due = await desk.sync.dueLinks(desk.now(), JOBS)
    for (const link of due) if (isHeld()) await job(link)
    if (swept && isHeld())
      await attempt(
        () => checkVanished(desk),
        async () => undefined,
      )
    return followed > 0 || due.length > 0 || swept
  }

  return async () => {
    await watchClock()
    if (desk.limits.isPaused()) return false
    try {
      if (block.isInForce()) return await block.wait()
      return await work()
    } catch (error) {
      if (error instanceof Paused) return false
      if (!(error instanceof Blocked)) throw error
      await block.begin(error)
      return true
    }
  }
}

/** What another process had begun to change, and did not end, is looked at at once. */
const resume = async (desk: Desk): Promise<void> => {
  for await (const page of linkPages(desk.sync, 'patching')) {
    await Promise.all(page.map(({ taskId }) => suspect(desk, taskId, 'patching')))
  }
}

/** The next step of a job that is due. A try of which nobody knows what became of it is looked into before another. */
const carryOut = async (desk: Desk, link: SyncLink): Promise<void> => {
  switch (link.status) {
    case 'pending':
      if (link.isDeleted) return forget(desk, link)
      return (await isHeldBack(desk, link)) ? undefined : openIssue(desk, link)
    case 'posting':
    case 'uncertain':
      return lookUp(desk, link)
    default:
      return reconcile(desk, link, UNKNOWN_ACTOR)
  }
}

/** The task was deleted before it had an issue. */
const forget = async (desk: Desk, { taskId }: SyncLink): Promise<void> => {
  await desk.sync.changeLink(taskId, ({ status, isDeleted }) => (status === 'pending' && isDeleted ? null : undefined))
}

/** When no issue may be opened just now, the job says when. */
const isHeldBack = async (desk: Desk, { taskId, rev }: SyncLink): Promise<boolean> => {
  const at = desk.limits.nextCreateAt()
  if (at <= desk.now()) return false
  await desk.sync.changeLink(taskId, (link) => (link.rev === rev ? { ...link, nextAttemptAt: at } : undefined))
  return true
}
