import type { SyncError } from '../issue/task-sync.ts'

export type GithubClock = ReturnType<typeof createGithubClock>

/** A `Date` header has whole seconds. */
const SECOND_MS = 1000

/** GitHub's time minus the monotonic clock's is at least `low` and at most `high`. */
interface Bounds {
  readonly low: number
  readonly high: number
}

/**
 * GitHub's time, measured with the `Date` header of each answer
 * (https://www.rfc-editor.org/rfc/rfc9110#name-date). What is sent to GitHub or compared with its
 * times is read from here, as our own clock may be wrong by days and be set at any time.
 *
 * An answer was made between its request and its arrival, and within the second that it names. Each
 * answer narrows these bounds; one that contradicts them (a server with another clock, a drift)
 * replaces them. Where our clock is within them, it is taken to be right. Else the earliest time is
 * taken: up to a second early, as the times in GitHub's answers are.
 *
 * Between two answers it follows the later of the monotonic clock, which nobody puts back, and
 * ours, which runs on while the machine sleeps. That ours was put forward shows with the next
 * answer.
 *
 * @param ours our clock; all instants are milliseconds since the epoch
 */
export const createGithubClock = (ours: () => number) => {
  let bounds: Bounds | undefined
  /** How far our clock was ahead of the monotonic one at the last answer. */
  let measuredAt = 0
  let assumed = 0

  const ahead = (): number => ours() - performance.now()

  /**
   * How far our clock is ahead of GitHub's, in whole milliseconds; negative: behind; undefined
   * before the first answer.
   */
  const offset = (): number | undefined => {
    if (bounds === undefined) return undefined
    const known = Math.min(ahead(), measuredAt)
    return known >= bounds.low && known <= bounds.high ? 0 : Math.round(known - bounds.low)
  }

  const now = (): number => ours() - (offset() ?? assumed)

  return {
    ours,
    offset,

    /** GitHub's time; before the first answer, our clock's corrected by the assumed offset. */
    now,

    /**
     * GitHub's time, or null while it is not certain: before the first answer, and if our clock may
     * have been put forward.
     */
    certainNow: (): number | null =>
      bounds !== undefined && ahead() - measuredAt < SECOND_MS ? now() : null,

    /** An instant of GitHub's by our clock, and one of our clock's in GitHub's time. */
    toOurs: (instant: number): number => instant + (offset() ?? assumed),
    toGithub: (instant: number): number => instant - (offset() ?? assumed),

    /** The offset that an earlier process measured: used until the first answer. */
    assume(earlier: number): void {
      assumed = earlier
    },

    /**
     * Measures with an answer that has just come in. `sentAt` is when its request was sent, by
     * `performance.now()`.
     */
    measure(date: string | null, sentAt: number): void {
      const time = Date.parse(date ?? '')
      if (Number.isNaN(time)) return
      const [low, high] = [time - performance.now(), time + SECOND_MS - sentAt]
      const narrowed = {
        low: Math.max(low, bounds?.low ?? low),
        high: Math.min(high, bounds?.high ?? high),
      }
      bounds = narrowed.low <= narrowed.high ? narrowed : { low, high }
      measuredAt = ahead()
    },
  }
}

/** From then on a person should set the clock, in milliseconds. */
const WARNED_MS = 60_000

/** A warning for an offset of more than a minute; empty for less. */
export const clockWarnings = (offset: number | null): SyncError[] => {
  if (offset === null || Math.abs(offset) <= WARNED_MS) return []
  const seconds = Math.round(Math.abs(offset) / 1000)
  const detail = `The clock of this service is ${seconds} s ${offset > 0 ? 'ahead of' : 'behind'} GitHub's`
  const action =
    'Set the clock of this machine, for example with NTP; until then the sync corrects the difference'
  return [{ code: 'clock_offset', detail, action }]
}
