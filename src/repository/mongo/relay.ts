import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import { hold, type LeaseDocument, release } from './lease.ts'
import { BATCH, oldestPending, publish, sweep } from './publish.ts'

const LEASE = 'relay'

/** How long the others wait for a relay that died, and how often they look, in milliseconds. */
const LEASE_MS = 5000
const RENEWAL_MS = 1500

/** How soon a new event is looked for, and how long is waited after a failure, in milliseconds. */
const IDLE_MS = 100
const FAILED_MS = 1000

/** How long an iteration in progress may take after a stop, in milliseconds. */
const STOP_MS = 1000

/** How often keys that expired are cleared away, in milliseconds. */
const SWEEP_MS = 60_000

/** Keeps the events moving from the tasks to their sequence (`publish`): one replica at a time, by a lease. */
export const createRelay = (connection: Connection) => {
  const leases = async () => (await connection.ready()).collection<LeaseDocument>('leases')
  const holder = randomUUID()
  const stopping = new AbortController()
  let fence: number | undefined
  let renewedAt = Number.NEGATIVE_INFINITY
  let sweptAt = performance.now()
  let oldest: string | undefined

  const renew = async (): Promise<number | undefined> => {
    if (performance.now() - renewedAt < RENEWAL_MS) return fence
    fence = await hold(await leases(), LEASE, holder, LEASE_MS)
    renewedAt = performance.now()
    return fence
  }

  /** Resolves with how long to wait until the next turn. */
  const turn = async (): Promise<number> => {
    const db = await connection.ready()
    const term = await renew()
    if (term === undefined) {
      oldest = await oldestPending(db)
      return RENEWAL_MS
    }
    const found = await publish(db, term)
    oldest = found < BATCH ? undefined : await oldestPending(db)
    if (performance.now() - sweptAt > SWEEP_MS) {
      sweptAt = performance.now()
      await sweep(db, new Date())
    }
    return found < BATCH ? IDLE_MS : 0
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const wait = await turn().catch(() => FAILED_MS)
      await sleep(wait, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
    if (fence !== undefined) await release(await leases(), LEASE, holder).catch(() => {})
  }
  const running = run()

  return {
    /** For how long the oldest event that is not published has waited, in milliseconds; 0 when none waits. */
    lag: (): number => (oldest === undefined ? 0 : Math.max(0, Date.now() - Date.parse(oldest))),

    /** Publishes no more and lets another replica go on: at once, or after the lease when the database does not answer. */
    async stop(): Promise<void> {
      stopping.abort()
      await Promise.race([running, sleep(STOP_MS, undefined, { ref: false })])
    },
  }
}
