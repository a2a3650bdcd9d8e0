import { clockWarnings } from '../api/github-clock.ts'
import { CLOCK_OFFSET } from '../api/state-keys.ts'
import type { IssueLink } from '../issue/issue-link.ts'
import type { SyncStatus } from '../issue/task-sync.ts'
import { linkPages } from '../step/link-pages.ts'
import type { SyncContext } from '../step/sync-context.ts'

/** A smaller difference may come from the measurement, in milliseconds. */
const CHANGED_MS = 2000

/** Statuses whose links have a next attempt. */
const WAITING = [
  'pending',
  'creating',
  'outdated',
  'updating',
  'unconfirmed',
] as const satisfies readonly SyncStatus[]

/**
 * Keeps the offset of our clock, so that other processes and the next one know it, and warns when
 * it passes a minute. Must be called before each round. If our clock was put back, also while the
 * service was stopped, the next attempts come forward.
 */
export const createClockWatch = async (
  { links, values, clock, now }: Pick<SyncContext, 'links' | 'values' | 'clock' | 'now'>,
  warn: (error: unknown, message: string) => void,
): Promise<() => Promise<void>> => {
  let kept = (await values.read(CLOCK_OFFSET)) as number | undefined
  let isFirst = true
  let isWarned = false

  return async () => {
    const offset = clock.offset()
    if (offset === undefined) return
    const change = offset - (kept ?? offset)
    if (!isFirst && Math.abs(change) < CHANGED_MS) return
    const [warning] = clockWarnings(offset)
    if (warning !== undefined && !isWarned) warn(undefined, `${warning.detail}. ${warning.action}`)
    isWarned = warning !== undefined
    if (change <= -CHANGED_MS) await bringForward(links, now, -change)
    await values.write(CLOCK_OFFSET, offset)
    kept = offset
    isFirst = false
  }
}

/**
 * A next attempt in the future was set before the clock was put back by so many milliseconds, or
 * comes a bit early.
 */
const bringForward = async (
  links: SyncContext['links'],
  now: () => number,
  byMs: number,
): Promise<void> => {
  const forward = (link: IssueLink): IssueLink | undefined => {
    const { nextAttemptAt } = link
    const isAhead = nextAttemptAt !== null && nextAttemptAt > now()
    return isAhead ? { ...link, nextAttemptAt: Math.max(now(), nextAttemptAt - byMs) } : undefined
  }
  for (const status of WAITING) {
    for await (const page of linkPages(links, status)) {
      const ahead = page.filter((link) => forward(link) !== undefined)
      await Promise.all(ahead.map(({ taskId }) => links.changeLink(taskId, forward)))
    }
  }
}
