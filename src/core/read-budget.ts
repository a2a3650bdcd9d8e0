/**
 * A chunk of up to this many bytes may always be read, so that clients that do not take theirs
 * cannot stop the others. Fits a task with a description of 65,536 ASCII characters.
 */
export const SMALL_CHUNK = 72 * 1024

/**
 * The size of a chunk of several texts, in bytes, while there is plenty of budget: fewer and larger
 * chunks are faster.
 */
export const LARGE_CHUNK = 256 * 1024

/**
 * The most bytes that the texts of a page may come to if they are read along with it: fits a page
 * of 1,000 tasks of common size.
 */
export const LARGE_PAGE = 512 * 1024

/** How many bytes all readers together may hold beyond a small chunk each. */
const TOTAL = 16 * 1024 * 1024

/** A part of the budget. */
export interface Lease {
  /** Gives back what is not needed for a chunk of this size after all. */
  shrink(bytes: number): void
  /** Gives all of it back. May be called again. */
  release(): void
}

export type ReadBudget = ReturnType<typeof createReadBudget>

/**
 * The memory for what was read for streamed answers and not yet sent, shared by all of them. Only
 * what a chunk has beyond `SMALL_CHUNK` counts.
 */
export const createReadBudget = (total = TOTAL) => {
  let used = 0
  const waiting: Waiting[] = []

  const giveBack = (bytes: number): void => {
    used -= bytes
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const cost = first.isWanted() ? first.cost : 0
      if (used + cost > total) return
      waiting.shift()
      first.resolve(grant(cost))
    }
  }

  const grant = (cost: number): Lease => {
    let held = cost
    used += cost
    const shrinkTo = (left: number): void => {
      const freed = held - Math.min(held, left)
      held -= freed
      giveBack(freed)
    }
    return { shrink: (bytes) => shrinkTo(costOf(bytes)), release: () => shrinkTo(0) }
  }

  /** Whether there is enough left for large chunks and for reading ahead. */
  const isPlentiful = (): boolean => used <= total / 4

  return {
    isPlentiful,

    /** A lease for the texts of a whole slice, unless the budget is scarce. */
    takeWhole: (bytes: number): Lease | undefined =>
      isPlentiful() ? grant(costOf(bytes)) : undefined,

    /**
     * A lease for a chunk of this size, once there is room for it; first come, first served. One
     * that is not wanted any more when its turn comes is empty.
     */
    take(bytes: number, isWanted: () => boolean): Promise<Lease> {
      const cost = Math.min(costOf(bytes), total)
      if (cost === 0 || (waiting.length === 0 && used + cost <= total))
        return Promise.resolve(grant(cost))
      return new Promise((resolve) => waiting.push({ cost, isWanted, resolve }))
    },
  }
}

interface Waiting {
  readonly cost: number
  readonly isWanted: () => boolean
  readonly resolve: (lease: Lease) => void
}

const costOf = (bytes: number): number => Math.max(0, bytes - SMALL_CHUNK)
