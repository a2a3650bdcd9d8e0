import type { Db } from 'mongodb'
import { startLeasedLoop } from '../../jobs/leased-loop.ts'
import type { Connection } from './connection.ts'
import { createLeases } from './leases.ts'
import { BATCH, oldestPending, publish, sweep } from './publish.ts'

/** How long the others wait for a relay that died, and how often they look, in milliseconds. */
const LEASE_MS = 5000
const RETRY_MS = 1000

/** Milliseconds until new events are looked for. */
const IDLE_MS = 100

/** How long an iteration in progress may take after a stop, in milliseconds. */
const STOP_MS = 1000

/** How often expired keys are removed, in milliseconds. */
const SWEEP_MS = 60_000

/** Moves the events from the tasks to their sequence (`publish`), in one process at a time. */
export const startOutboxRelay = ({ ready }: Connection) => {
  let sweptAt = performance.now()
  let oldest: string | undefined

  const tick = async (db: Db, fencingToken: number): Promise<number> => {
    const found = await publish(db, fencingToken)
    oldest = found < BATCH ? undefined : await oldestPending(db)
    if (performance.now() - sweptAt > SWEEP_MS) {
      sweptAt = performance.now()
      await sweep(db, new Date())
    }
    return found < BATCH ? IDLE_MS : 0
  }

  const { stop } = startLeasedLoop({
    leases: createLeases(ready),
    name: 'relay',
    leaseMs: LEASE_MS,
    retryMs: RETRY_MS,
    stopMs: STOP_MS,
    begin: async ({ fencingToken }) => {
      const db = await ready()
      return () => tick(db, fencingToken)
    },
    standBy: async () => {
      oldest = await oldestPending(await ready())
    },
  })

  return {
    /** How long the oldest unpublished event has waited, in milliseconds; 0 when none waits. */
    lag: (): number => (oldest === undefined ? 0 : Math.max(0, Date.now() - Date.parse(oldest))),
    stop,
  }
}
