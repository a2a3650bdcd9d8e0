/** What one process at a time may have: the right to do a background job. */
export interface Lease {
  readonly holder: string
  /**
   * Grows each time that a free lease is acquired, so that a late write of an earlier holder can be
   * refused.
   */
  readonly fencingToken: number
  /** Milliseconds, by the clock of the process that stores the lease. */
  readonly expiresAt: number
}

export interface LeaseRequest {
  readonly holder: string
  readonly lengthMs: number
  readonly now: number
}

/** Where leases are kept, by their names. Both methods may throw `database_unavailable`. */
export interface Leases {
  /**
   * Acquires or renews a lease for `lengthMs` from now. Resolves with the fencing token; undefined
   * while another holder has the lease.
   */
  acquire(name: string, holder: string, lengthMs: number): Promise<number | undefined>

  /** Frees the lease at once, if `holder` has it. */
  release(name: string, holder: string): Promise<void>
}

/**
 * The lease as the holder has it from now on; undefined while another holder has it. The first
 * fencing token is `firstToken`.
 */
export const acquireLease = (
  current: Lease | undefined,
  { holder, lengthMs, now }: LeaseRequest,
  firstToken = 1,
): Lease | undefined => {
  const expiresAt = now + lengthMs
  if (current === undefined) return { holder, fencingToken: firstToken, expiresAt }
  if (current.expiresAt <= now) return { holder, fencingToken: current.fencingToken + 1, expiresAt }
  return current.holder === holder ? { ...current, expiresAt } : undefined
}

/** The lease, free for the next holder; undefined if another one has it. */
export const releaseLease = (current: Lease | undefined, holder: string): Lease | undefined =>
  current?.holder === holder ? { ...current, expiresAt: 0 } : undefined
