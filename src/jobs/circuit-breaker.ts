export interface CircuitBreakerOptions<Reason> {
  /** Why the circuit is open since an earlier process; null if it is closed. */
  readonly initial: Reason | null
  /** Stores the reason where the next process finds it. */
  readonly save: (reason: Reason | null) => Promise<void>
  /** The least time between two probes, in milliseconds. */
  readonly probeMs: number
  /** A value that changes when somebody asks for a probe now. */
  readonly readRequest: () => Promise<unknown>
  /**
   * Tries whether the other system works again. Resolves with null if it does, with the reason if
   * it does not, and with undefined if that is not known.
   */
  readonly probe: () => Promise<Reason | null | undefined>
}

/**
 * Stops all calls to another system while each of them would fail, and probes from time to time
 * whether it works again (https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker).
 */
export const createCircuitBreaker = <Reason>(options: CircuitBreakerOptions<Reason>) => {
  let reason = options.initial
  let probeAt = 0
  let lastRequest: unknown

  const set = async (next: Reason | null): Promise<void> => {
    await options.save(next)
    reason = next
  }
  const postponeProbe = (): void => {
    probeAt = performance.now() + options.probeMs
  }

  return {
    /** Why no call may be made; null while the circuit is closed. */
    reason: (): Reason | null => reason,

    async open(why: Reason): Promise<void> {
      lastRequest = await options.readRequest()
      postponeProbe()
      await set(why)
    },

    /** Probes if it is time, or somebody asked for it. Resolves with whether it did. */
    async probeWhenDue(): Promise<boolean> {
      const request = await options.readRequest()
      if (request === lastRequest && performance.now() < probeAt) return false
      lastRequest = request
      postponeProbe()
      const next = await options.probe()
      if (next !== undefined) await set(next)
      return true
    },
  }
}
