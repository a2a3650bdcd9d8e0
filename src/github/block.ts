import { revived } from '../core/sync-link.ts'
import type { SyncError } from '../core/task-sync.ts'
import type { Desk } from './desk.ts'
import { blocked } from './links.ts'
import { BLOCKS, Blocked } from './stopped.ts'
import { linksOf } from './sweep.ts'

/** Why nothing goes at all just now, for GET /github/status. */
export const BLOCK = 'github-block'

/** What a person who asks to try again leaves here, another one each time: then it is looked at once whether it is mended. */
export const TRY_AGAIN = 'github-try-again'

/** How often it is looked whether a person has mended it, in milliseconds. */
const PROBE_MS = 60_000

const CODES: ReadonlySet<string> = new Set(Object.values(BLOCKS).map(({ code }) => code))

/**
 * What keeps everything from GitHub until a person mends it. Meanwhile each job that comes due says so; once the repository
 * can be reached again, all of them go on.
 */
export const createBlock = async (desk: Desk) => {
  let reason = ((await desk.sync.readState(BLOCK)) as SyncError | null | undefined) ?? null
  let probeAt = 0
  let asked: unknown

  const become = async (next: SyncError | null): Promise<void> => {
    await desk.sync.writeState(BLOCK, next)
    reason = next
  }

  /** Whether it is time to look whether it is mended, or a person asked for it. */
  const isProbeDue = async (): Promise<boolean> => {
    const last = asked
    asked = await desk.sync.readState(TRY_AGAIN)
    return asked !== last || desk.now() >= probeAt
  }

  /** The jobs may wait for several reasons, as one may have followed on another. */
  const end = async (): Promise<void> => {
    const now = desk.now()
    for await (const { taskId, error } of linksOf(desk, 'blocked')) {
      if (error !== null && CODES.has(error.code))
        await desk.sync.changeLink(taskId, (link) => (link.status === 'blocked' ? revived(link, now) : undefined))
    }
    await become(null)
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
      probeAt = desk.now() + Math.min(desk.settings.sweepIntervalMs, PROBE_MS)
      await become(error)
    },

    /** Looks whether it is mended, when it is time. Resolves with whether there was anything to do. */
    async wait(): Promise<boolean> {
      if (reason === null) return false
      if (!(await isProbeDue())) return mark(reason)
      probeAt = desk.now() + Math.min(desk.settings.sweepIntervalMs, PROBE_MS)
      try {
        await desk.api.authenticate()
        await desk.api.probe()
        await end()
        return true
      } catch (error) {
        if (error instanceof Blocked && error.reason.code !== reason.code) await become(error.reason)
        return mark(reason)
      }
    },
  }
}
