import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Leases } from '../core/lease.ts'
import { createPauses } from './pauses.ts'

/** How often a lease is renewed within its length. */
const RENEWALS = 3

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
  const { name, leaseMs, retryMs, stopMs, warn = noop } = options
  const lease = createHolder(options)
  const pauses = createPauses()
  let term = new AbortController()

  /** Ticks until the lease is lost or the loop stops. */
  const runTerm = async (fencingToken: number): Promise<void> => {
    const { signal } = term
    const isHeld = (): boolean => lease.isHeld() && !signal.aborted
    /** With another token it was lost meanwhile: another process may have been at work. */
    const renew = async (): Promise<void> => {
      const acquired = await lease.acquire()
      const isLost = acquired === 'unknown' ? !isHeld() : acquired !== fencingToken
      if (isLost) term.abort()
    }
    let renewal: Promise<void> | undefined
    const timer = setInterval(() => {
      renewal = renew()
    }, leaseMs / RENEWALS).unref()
    try {
      const tick = await options.begin({ fencingToken, isHeld, signal })
      while (isHeld()) await pauses.rest(await tick())
    } finally {
      term.abort()
      clearInterval(timer)
      await renewal
    }
  }

  const runOnce = async (): Promise<void> => {
    const acquired = await lease.acquire()
    if (pauses.areOver() || acquired === 'unknown') return
    if (acquired === 'taken') return options.standBy?.()
    term = new AbortController()
    await runTerm(acquired)
  }

  const run = async (): Promise<void> => {
    while (!pauses.areOver()) {
      await runOnce().catch((error: unknown) =>
        warn(error, `the job «${name}» failed and begins again`),
      )
      await pauses.pause(retryMs)
    }
    await lease.release()
  }
  const running = run()

  return {
    /** There is something to do: the next tick begins soon, if this process has the lease. */
    wake: pauses.wake,

    /**
     * Ends after the tick in progress. Then another process goes on: at once or, if the lease
     * cannot be released in time, when it expires.
     */
    async stop(): Promise<void> {
      pauses.end()
      term.abort()
      await Promise.race([running, sleep(stopMs, undefined, { ref: false })])
    },
  }
}

/** The lease, as far as this process has it. */
const createHolder = ({ leases, name, leaseMs, warn = noop }: LeasedLoopOptions) => {
  const holder = randomUUID()
  let heldUntil = 0
  let isFailing = false
  const isHeld = (): boolean => performance.now() < heldUntil

  return {
    isHeld,

    /** The fencing token. Warns once of a lease that cannot be asked for, until it can. */
    async acquire(): Promise<number | 'taken' | 'unknown'> {
      const askedAt = performance.now()
      try {
        const fencingToken = await leases.acquire(name, holder, leaseMs)
        isFailing = false
        if (fencingToken === undefined) return 'taken'
        heldUntil = askedAt + leaseMs
        return fencingToken
      } catch (error) {
        if (!isFailing) warn(error, `the lease «${name}» cannot be acquired; trying again`)
        isFailing = true
        return 'unknown'
      }
    },

    async release(): Promise<void> {
      if (isHeld()) await leases.release(name, holder).catch(noop)
    },
  }
}

const noop = (): void => {}
