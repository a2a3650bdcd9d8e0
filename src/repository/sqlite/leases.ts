import type { Leases } from '../../core/repository.ts'

/**
 * Leases stay in memory, as one process owns the file. Fencing tokens start at the clock, so that
 * they grow across restarts.
 */
export const createLeases = (): Leases => {
  const first = Date.now()
  const leases = new Map<
    string,
    { readonly holder: string; readonly fence: number; readonly until: number }
  >()
  return {
    async acquire(name, holder, milliseconds) {
      const now = performance.now()
      const lease = leases.get(name) ?? { holder, fence: first, until: 0 }
      const isHeld = lease.until > now
      if (isHeld && lease.holder !== holder) return undefined
      const fence = isHeld ? lease.fence : lease.fence + 1
      leases.set(name, { holder, fence, until: now + milliseconds })
      return fence
    },

    async release(name, holder) {
      const lease = leases.get(name)
      if (lease?.holder === holder) leases.set(name, { ...lease, until: 0 })
    },
  }
}
