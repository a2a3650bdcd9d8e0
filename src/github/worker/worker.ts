import type { Leases } from '../../core/lease.ts'
import { startLeasedLoop } from '../../jobs/leased-loop.ts'
import type { SyncContext } from '../step/sync-context.ts'
import { createSyncLoop } from './sync-loop.ts'

/** How often work that another process left is looked for, in milliseconds. */
const IDLE_MS = 250

/** How long the step in progress may take after a stop, in milliseconds. Its calls are aborted. */
const STOP_MS = 10_000

export interface WorkerOptions {
  readonly leaseMs: number
  /** Called once the lease is acquired, as it reads what the last holder stored. */
  readonly openContext: (signal: AbortSignal) => Promise<SyncContext>
  readonly warn: (error: unknown, message: string) => void
}

/** Talks to GitHub: in one process at a time, one step after the other. */
export const startWorker = (leases: Leases, { leaseMs, openContext, warn }: WorkerOptions) =>
  startLeasedLoop({
    leases,
    name: 'github',
    leaseMs,
    retryMs: IDLE_MS,
    stopMs: STOP_MS,
    warn,
    begin: async ({ isHeld, signal }) => {
      const tick = await createSyncLoop(await openContext(signal), isHeld, warn)
      return async () => ((await tick()) ? 0 : IDLE_MS)
    },
  })
