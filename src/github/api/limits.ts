import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyValue } from '../../core/repository.ts'
import type { Credential, RateLimit } from './client.ts'
import type { GithubClock } from './github-clock.ts'
import { CLOCK_OFFSET } from './state-keys.ts'
import { RateLimited } from './sync-errors.ts'

export interface LimitOptions {
  readonly writeIntervalMs: number
  readonly createsPerMinute: number
  readonly createsPerHour: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** What is stored, with instants in GitHub's time, so that it is right for every clock. */
interface LimitState {
  readonly pausedUntil: number
  readonly pausedAt: number
  readonly reason: string | null
  /** When issues were opened, within the last hour. */
  readonly creates: readonly number[]
}

/** How often the remaining requests are stored, in milliseconds; they are only shown to people. */
const BUDGET_KEPT_MS = 10_000

/** How the limits of a credential stand: instants in milliseconds since the epoch, by our clock. */
export interface LimitReading {
  /** Null unless no call at all may go out before then. */
  readonly pausedUntil: number | null
  readonly reason: string | null
  /** When the next issue may be created; in the past if it may be created now. */
  readonly nextCreateAt: number
  /** The remaining requests of the credential, as last reported by GitHub. */
  readonly budget: RateLimit | undefined
  /** How far our clock is ahead of GitHub's, in milliseconds; null before GitHub has answered. */
  readonly clockOffset: number | null
}

/** How they stand by what is kept of them, whichever process it is that calls GitHub. */
export const readLimits = async (
  values: KeyValue,
  credential: Credential,
  options: LimitOptions,
  clock: GithubClock,
): Promise<LimitReading> => {
  const { state, budget, offset: kept } = await readKept(values, credential)
  /** The process that calls GitHub may be another one. */
  const clockOffset = clock.offset() ?? kept ?? null
  const offset = clockOffset ?? 0
  const now = clock.ours() - offset
  const pause = pauseLeft(state, now)
  return {
    pausedUntil: pause > 0 ? now + pause + offset : null,
    reason: pause > 0 ? state.reason : null,
    nextCreateAt: nextCreateAt(state.creates, options, now) + offset,
    budget: budget && { ...budget, resetsAt: budget.resetsAt + offset },
    clockOffset,
  }
}

const limitsName = (credential: Credential): string => `github-limits:${fingerprint(credential)}`
const budgetName = (credential: Credential): string => `github-budget:${fingerprint(credential)}`

const readKept = async (values: KeyValue, credential: Credential) => {
  const names = [limitsName(credential), budgetName(credential), CLOCK_OFFSET]
  const [state, budget, offset] = await Promise.all(names.map((name) => values.read(name)))
  const {
    pausedUntil = 0,
    pausedAt = 0,
    reason = null,
    creates = [],
  } = (state ?? {}) as Partial<LimitState>
  return {
    state: { pausedUntil, pausedAt, reason, creates } satisfies LimitState,
    budget: budget as RateLimit | undefined,
    offset: offset as number | undefined,
  }
}

/**
 * In milliseconds. Never longer than the whole pause, should the clock have been put back since.
 */
const pauseLeft = ({ pausedUntil, pausedAt }: LimitState, now: number): number =>
  Math.min(pausedUntil - now, pausedUntil - pausedAt)

/**
 * Until the first answer GitHub's time is known to some seconds only, and no call may come too
 * early.
 */
const RESTART_MARGIN_MS = 2000
const afterRestart = (left: number): number => (left > 0 ? left + RESTART_MARGIN_MS : 0)

/**
 * An instant in the future is from before our clock was set, or GitHub's time was measured better:
 * near ones count.
 */
const nextCreateAt = (
  creates: readonly number[],
  { createsPerMinute, createsPerHour }: LimitOptions,
  now: number,
): number => {
  const within = (span: number, most: number): number => {
    const recent = creates.filter((time) => Math.abs(now - time) < span)
    return recent.length < most ? 0 : (recent.at(-most) ?? 0) + span
  }
  return Math.max(within(MINUTE, createsPerMinute), within(HOUR, createsPerHour))
}

export type Limits = Awaited<ReturnType<typeof createLimits>>

/**
 * What a credential may still do. Kept with the tasks, so that a restart forgets neither a pause
 * nor the issues opened in the last hour; by the credential, so that another one is not held by it.
 */
export const createLimits = async (
  values: KeyValue,
  credential: Credential,
  options: LimitOptions,
  clock: GithubClock,
) => {
  let { state } = await readKept(values, credential)
  /** By the monotonic clock, as no answer corrects GitHub's time during a pause. */
  let pauseEndsAt = performance.now() + afterRestart(pauseLeft(state, clock.now()))
  let budgetKeptAt = Number.NEGATIVE_INFINITY
  /** The process before may just have written. */
  let lastWriteAt = performance.now()
  const untilWrite = (): number =>
    Math.ceil(lastWriteAt + options.writeIntervalMs - performance.now())

  const become = async (next: Partial<LimitState>): Promise<void> => {
    state = { ...state, ...next }
    await values.write(limitsName(credential), state)
  }

  return {
    isPaused: (): boolean => performance.now() < pauseEndsAt,

    /** GitHub said what is left. */
    note(said: RateLimit | undefined): void {
      if (said === undefined) return
      if (performance.now() - budgetKeptAt < BUDGET_KEPT_MS) return
      budgetKeptAt = performance.now()
      values.write(budgetName(credential), said).catch(() => {})
    },

    /** Throws Paused while no call at all may go out. */
    check(): void {
      if (performance.now() < pauseEndsAt) throw new RateLimited(state.pausedUntil)
    },

    /** When the next issue may be created, by our clock; in the past if it may be created now. */
    nextCreateAt: (): number => clock.toOurs(nextCreateAt(state.creates, options, clock.now())),

    /** To be called, and waited for, before each write: writes are some time apart. */
    async beforeWrite(signal: AbortSignal): Promise<void> {
      for (let wait = untilWrite(); wait > 0; wait = untilWrite())
        await sleep(wait, undefined, { signal })
    },

    /** To be waited for before an issue is opened: it is counted before it is sent. */
    async recordCreate(): Promise<void> {
      const at = clock.now()
      await become({ creates: [...state.creates.filter((time) => time > at - HOUR), at] })
    },

    /**
     * To be called after each write: the next one is counted from its end, as nobody knows when
     * GitHub began with it.
     */
    afterWrite(): void {
      lastWriteAt = performance.now()
    },

    /** GitHub wants no call before `until`, in its time. */
    async pause(until: number, why: string): Promise<void> {
      const now = clock.now()
      pauseEndsAt = Math.max(pauseEndsAt, performance.now() + until - now)
      await become({ pausedUntil: until, pausedAt: now, reason: why })
    },
  }
}

/**
 * Tells credentials apart without showing them. An app's installation stays itself when its key is
 * changed.
 */
const fingerprint = (credential: Credential): string => {
  const text =
    credential.kind === 'token'
      ? credential.token
      : `${credential.appId}:${credential.installationId}`
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
