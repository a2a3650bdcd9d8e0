import { LARGE_CHUNK, type Lease, type ReadBudget, SMALL_CHUNK } from './read-budget.ts'

/**
 * The next items of a list, in its order: which they are and where the list goes on. Their JSON
 * texts may be large, so they are read a few at a time. An item that was deleted since is left out;
 * one that changed since is read as it is now.
 */
export interface Slice<Place> {
  /** The texts of all items, joined by commas, if they were small enough to be read at once. */
  readonly whole: Buffer | undefined
  /**
   * The size of each text in bytes, as it was when the items were selected; none if the texts were
   * read at once.
   */
  readonly sizes: readonly number[]
  /** Where the next slice begins; undefined at the end of the list. */
  readonly next: Place | undefined
  /**
   * Reads the texts of the items from index `from` up to, not including, `end`. Reads the first one
   * alone if the texts have grown beyond their sizes.
   */
  read(from: number, end: number): Promise<SliceTexts>
}

export interface SliceTexts {
  /** Joined by commas; empty if none of the items is left. */
  readonly bytes: Buffer
  /** The index of the first item that was not read. */
  readonly end: number
}

/** A slice, with the part of the budget that its texts take if they were read with it. */
export interface OpenSlice<Place> {
  readonly slice: Slice<Place>
  readonly lease: Lease | undefined
}

/** Reads a slice, and its texts along with it if the budget allows and they fit in `maxBytes`. */
export const openSlice = async <Place>(
  read: (wholeBytes: number) => Promise<Slice<Place>>,
  budget: ReadBudget,
  maxBytes = LARGE_CHUNK,
): Promise<OpenSlice<Place>> => {
  const lease = budget.takeWhole(maxBytes)
  try {
    const slice = await read(lease === undefined ? SMALL_CHUNK : maxBytes)
    lease?.shrink(slice.whole?.length ?? 0)
    return { slice, lease }
  } catch (error) {
    lease?.release()
    throw error
  }
}

/** Opens the slices of a list from a place on, one at each call; undefined after the last. */
export const createSliceWalk = <Place>(
  read: (from: Place | undefined, wholeBytes: number) => Promise<Slice<Place>>,
  from: Place | undefined,
  budget: ReadBudget,
): (() => Promise<OpenSlice<Place> | undefined>) => {
  let place = from
  let isEnd = false
  /** The size of the slice before: the next one is expected to be as large. */
  let bytes = 0
  return async () => {
    if (isEnd) return undefined
    const readNext = (wholeBytes: number) => read(place, bytes <= wholeBytes ? wholeBytes : 0)
    const opened = await openSlice(readNext, budget)
    const { whole, sizes, next } = opened.slice
    bytes = whole?.length ?? sizes.reduce((sum, size) => sum + size, 0)
    place = next
    isEnd = next === undefined
    return opened
  }
}

export const EMPTY_SLICE: Slice<never> = {
  whole: Buffer.alloc(0),
  sizes: [],
  next: undefined,
  read: async (_, end) => ({ bytes: Buffer.alloc(0), end }),
}
