import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Leases } from '../core/lease.ts'

/** How often a lease is renewed within its length. */
const RENEWALS = 3

/** Milliseconds from a wake-up to the next tick: work that arrives together is read once. */
const WAKE_DELAY_MS = 20

/** The time from when the lease is acquired until it is lost or the loop stops. */
export interface Term {
  /** Grows from holder to holder. */
  readonly fencingToken: number
  readonly isHeld: () => boolean
  /** Aborted when the lease is lost, and when the loop stops. */
  readonly signal: AbortSignal
}

/** Does some of the work. Resolves with the milliseconds until the next tick. */
export type Tick = () => Promise<number>

export interface LeasedLoopOptions {
  readonly leases: Leases
  readonly name: string
  /** How long the others wait, in milliseconds, when the process that has the lease dies. */
  readonly leaseMs: number
  /**
   * Milliseconds until the lease is asked for again, while another process has it and after a
   * failure.
   */
  readonly retryMs: number
  /** How long `stop` waits for the tick in progress, in milliseconds. */
  readonly stopMs: number
  /** Called once the lease is acquired, so what it reads is what the last holder left. */
  readonly begin: (term: Term) => Promise<Tick>
  /** Called each time that another process has the lease. */
  readonly standBy?: () => Promise<void>
  readonly warn?: (error: unknown, message: string) => void
}

/**
 * Runs a background job in one process at a time: acquires a lease, then ticks and renews the lease
 * until it is lost. After a failure it begins again.
 */
export const startLeasedLoop = (options: LeasedLoopOptions) => {
  const { leases, name, leaseMs, retryMs, warn = noop } = options
  const holder = randomUUID()
  let isStopping = false
  let heldUntil = 0
  let isLeaseFailing = false
  let term = new AbortController()
  let isWoken = false
  let isResting = false
  let endPause = noop

  const pause = async (milliseconds: number): Promise<void> => {
    if (isStopping) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** A pause that `wake` ends. */
  const rest = async (milliseconds: number): Promise<void> => {
    isResting = true
    if (!isWoken) await pause(milliseconds)
    isResting = false
    if (isWoken && milliseconds > 0) await pause(WAKE_DELAY_MS)
    isWoken = false
  }

  /** Warns once of a lease that cannot be asked for, until it can. */
  const acquire = async (): Promise<number | 'taken' | 'unknown'> => {
    const askedAt = performance.now()
    try {
      const fencingToken = await leases.acquireLease(name, holder, leaseMs)
      isLeaseFailing = false
      if (fencingToken === undefined) return 'taken'
      heldUntil = askedAt + leaseMs
      return fencingToken
    } catch (error) {
      if (!isLeaseFailing) warn(error, `the lease «${name}» cannot be acquired; trying again`)
      isLeaseFailing = true
      return 'unknown'
    }
  }

  /** Ticks until the lease is lost or the loop stops. */
  const runTerm = async (fencingToken: number): Promise<void> => {
    const own = new AbortController()
    term = own
    const isHeld = (): boolean => performance.now() < heldUntil && !own.signal.aborted
    /** With another token it was lost meanwhile: another process may have been at work. */
    const renew = async (): Promise<void> => {
      const acquired = await acquire()
      const isLost = acquired === 'unknown' ? !isHeld() : acquired !== fencingToken
      if (isLost) own.abort()
    }
    let renewal: Promise<void> | undefined
    const timer = setInterval(() => {
      renewal = renew()
    }, leaseMs / RENEWALS).unref()
    try {
      const tick = await options.begin({ fencingToken, isHeld, signal: own.signal })
      while (isHeld()) await rest(await tick())
    } finally {
      own.abort()
      clearInterval(timer)
      await renewal
    }
  }

  const runOnce = async (): Promise<void> => {
    const acquired = await acquire()
    if (acquired === 'taken') await options.standBy?.()
    else if (acquired !== 'unknown' && !isStopping) await runTerm(acquired)
  }

  const run = async (): Promise<void> => {
    while (!isStopping) {
      await runOnce().catch((error: unknown) =>
        warn(error, `the job «${name}» failed and begins again`),
      )
      await pause(retryMs)
    }
    if (performance.now() < heldUntil) await leases.releaseLease(name, holder).catch(noop)
  }
  const running = run()

  return {
    /** There is something to do: the next tick begins soon, if this process has the lease. */
    wake(): void {
      isWoken = true
      if (isResting) endPause()
    },

    /**
     * Ends after the tick in progress. Then another process goes on: at once or, if the lease
     * cannot be released in time, when it expires.
     */
    async stop(): Promise<void> {
      isStopping = true
      term.abort()
      endPause()
      await Promise.race([running, sleep(options.stopMs, undefined, { ref: false })])
    },
  }
}

const noop = (): void => {}
