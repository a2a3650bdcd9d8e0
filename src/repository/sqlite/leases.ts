import { acquireLease, type Lease, type Leases, releaseLease } from '../../core/lease.ts'

/**
 * Leases stay in memory: one process owns the file. Fencing tokens start at the clock, so they grow
 * across restarts.
 */
export const createLeases = (): Leases => {
  const firstToken = Date.now()
  const leases = new Map<string, Lease>()
  const set = (name: string, lease: Lease | undefined): Lease | undefined => {
    if (lease !== undefined) leases.set(name, lease)
    return lease
  }
  return {
    acquire: async (name, holder, lengthMs) => {
      const request = { holder, lengthMs, now: performance.now() }
      return set(name, acquireLease(leases.get(name), request, firstToken))?.fencingToken
    },
    release: async (name, holder) => void set(name, releaseLease(leases.get(name), holder)),
  }
}
