import { randomUUID } from 'node:crypto'
import type { Leases } from '../../core/repository.ts'
import type { SyncContext } from '../step/sync-context.ts'
import { createSyncLoop } from './sync-loop.ts'

const LEASE = 'github'

/** How often a process without work looks for some that another one left it, in milliseconds. */
const IDLE_MS = 250

/** How long after a wake-up the work begins, in milliseconds, so that work that arrives together is read once. */
const WOKEN_MS = 20

export interface WorkerOptions {
  readonly leaseMs: number
  /** Made once the lease is ours, as it reads what the last holder kept. */
  readonly openContext: (signal: AbortSignal) => Promise<SyncContext>
  readonly warn: (error: unknown, message: string) => void
}

/** The one that talks to GitHub: among all processes over one database one at a time, one step after the other. */
export const startWorker = (leases: Leases, { leaseMs, openContext, warn }: WorkerOptions) => {
  const holder = randomUUID()
  const stopping = new AbortController()
  let heldUntil = 0
  let isFailing = false
  let isWoken = false
  let isResting = false
  let endPause = (): void => {}

  /** Ends before its time when it is woken; at once when the process stops. */
  const pause = async (milliseconds: number): Promise<void> => {
    if (stopping.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** A pause that ends when there is something to do. */
  const rest = async (milliseconds: number): Promise<void> => {
    isResting = true
    if (!isWoken) await pause(milliseconds)
    isResting = false
    if (isWoken && milliseconds > 0) await pause(WOKEN_MS)
    isWoken = false
  }
  const wake = (): void => {
    isWoken = true
    if (isResting) endPause()
  }

  const hold = async (): Promise<boolean> => {
    const began = performance.now()
    try {
      const fence = await leases.acquire(LEASE, holder, leaseMs)
      isFailing = false
      if (fence !== undefined) heldUntil = began + leaseMs
      return fence !== undefined
    } catch (error) {
      if (!isFailing) warn(error, 'the GitHub sync waits, as its lease can not be asked for')
      isFailing = true
      return false
    }
  }
  const isHeld = (): boolean => performance.now() < heldUntil && !stopping.signal.aborted

  /** Works until the lease is lost, or the process stops. */
  const work = async (): Promise<void> => {
    const lost = new AbortController()
    /** Once lost, it is lost for this ctx, also when a renewal comes through later: another one may have been at work. */
    const isOurs = (): boolean => isHeld() && !lost.signal.aborted
    const renew = () => void hold().then(() => isHeld() || lost.abort())
    const renewal = setInterval(renew, leaseMs / 3).unref()
    try {
      const ctx = await openContext(AbortSignal.any([stopping.signal, lost.signal]))
      const round = await createSyncLoop(ctx, isOurs, warn)
      while (isOurs()) await rest((await round()) ? 0 : IDLE_MS)
    } finally {
      clearInterval(renewal)
    }
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (await hold())
        await work().catch((error: unknown) => warn(error, 'the GitHub sync failed and goes on'))
      await pause(IDLE_MS)
    }
    await leases.release(LEASE, holder).catch(() => {})
  }
  const running = run()

  return {
    /** There is something to do. */
    wake,

    /** Lets the step under way end, and another process go on. */
    async stop(): Promise<void> {
      stopping.abort()
      endPause()
      await running
    },
  }
}
