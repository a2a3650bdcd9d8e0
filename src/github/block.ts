import { revived, type SyncError } from '../core/sync-link.ts'
import type { Desk } from './desk.ts'
import { blocked } from './links.ts'
import { Blocked } from './stopped.ts'
import { linksOf } from './sweep.ts'

/** Why nothing goes at all just now, for GET /github/status. */
export const BLOCK = 'github-block'

/** How often it is looked whether a person has mended it, in milliseconds. */
const PROBE_MS = 60_000

/**
 * What keeps everything from GitHub until a person mends it. Meanwhile each job that comes due says so; once the repository
 * can be reached again, all of them go on.
 */
export const createBlock = async (desk: Desk) => {
  let reason = ((await desk.sync.readState(BLOCK)) as SyncError | null | undefined) ?? null
  let probeAt = 0

  const end = async (): Promise<void> => {
    const now = desk.now()
    for await (const { taskId, error } of linksOf(desk, 'blocked')) {
      if (error?.code === reason?.code)
        await desk.sync.changeLink(taskId, (link) => (link.status === 'blocked' ? revived(link, now) : undefined))
    }
    reason = null
    await desk.sync.writeState(BLOCK, null)
  }

  /** Marks the jobs that are due. Resolves with whether there were any. */
  const mark = async (error: SyncError): Promise<boolean> => {
    const due = await desk.sync.dueLinks(desk.now(), 100)
    for (const { taskId, rev } of due) {
      await desk.sync.changeLink(taskId, (link) => (link.rev === rev ? blocked(link, error) : undefined))
    }
    return due.length > 0
  }

  return {
    isInForce: (): boolean => reason !== null,

    async begin(error: SyncError): Promise<void> {
      reason = error
      probeAt = desk.now() + Math.min(desk.settings.sweepIntervalMs, PROBE_MS)
      await desk.sync.writeState(BLOCK, error)
    },

    /** Looks whether it is mended, when it is time. Resolves with whether there was anything to do. */
    async wait(): Promise<boolean> {
      if (reason === null) return false
      if (desk.now() < probeAt) return mark(reason)
      probeAt = desk.now() + Math.min(desk.settings.sweepIntervalMs, PROBE_MS)
      try {
        await desk.api.authenticate()
        await desk.api.probe()
        await end()
        return true
      } catch (error) {
        if (error instanceof Blocked) reason = error.reason
        return mark(reason)
      }
    },
  }
}
