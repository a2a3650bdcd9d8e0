import { LARGE_CHUNK, type Lease, type ReadBudget, SMALL_CHUNK } from './read-budget.ts'
import { noteSent } from './sent-memory.ts'
import type { OpenSlice, Slice } from './slice.ts'

/**
 * The JSON texts of a list in chunks, which are read as they are taken. The texts of a chunk are
 * joined by commas.
 */
export interface ChunkReader {
  /**
   * The next chunk, or undefined at the end of the list. The chunk before counts as sent from here
   * on.
   */
  next(): Promise<Buffer | undefined>
  /** Gives back what is held. Must be called if the client leaves before the end. */
  close(): void
}

interface Chunk {
  readonly bytes: Buffer
  readonly lease: Lease | undefined
}

/**
 * Reads the texts of slice after slice. One chunk is read ahead of the client while the budget is
 * plentiful.
 */
export const createChunkReader = (
  nextSlice: () => Promise<OpenSlice<unknown> | undefined>,
  budget: ReadBudget,
): ChunkReader => {
  let slice: Slice<unknown> | undefined
  let index = 0
  let sending: { readonly lease: Lease | undefined; readonly size: number } | undefined
  let ahead: Promise<Chunk | undefined> | undefined
  let isClosed = false

  const readTexts = async ({ sizes, read }: Slice<unknown>): Promise<Chunk | undefined> => {
    const planned = planChunk(sizes, index, budget.isPlentiful() ? LARGE_CHUNK : SMALL_CHUNK)
    const lease = await budget.take(planned.bytes, () => !isClosed)
    if (isClosed) {
      lease.release()
      return undefined
    }
    try {
      const { bytes, end } = await read(index, planned.end)
      index = end
      return { bytes, lease }
    } catch (error) {
      lease.release()
      throw error
    }
  }

  const readChunk = async (): Promise<Chunk | undefined> => {
    while (!isClosed) {
      if (slice !== undefined && index < slice.sizes.length) {
        const chunk = await readTexts(slice)
        if (chunk === undefined || chunk.bytes.length > 0) return chunk
        chunk.lease?.release()
        continue
      }
      const opened = await nextSlice()
      if (opened === undefined) return undefined
      const { whole } = opened.slice
      if (whole !== undefined && whole.length > 0) return { bytes: whole, lease: opened.lease }
      slice = opened.slice
      index = 0
    }
    return undefined
  }

  const endSending = (): void => {
    if (sending === undefined) return
    sending.lease?.release()
    noteSent(sending.size)
    sending = undefined
  }

  return {
    async next() {
      endSending()
      const chunk = await (ahead ?? readChunk())
      ahead = undefined
      if (isClosed) chunk?.lease?.release()
      if (isClosed || chunk === undefined) return undefined
      sending = { lease: chunk.lease, size: chunk.bytes.length }
      if (budget.isPlentiful()) ahead = readChunk()
      ahead?.catch(() => {})
      return chunk.bytes
    },

    close() {
      isClosed = true
      endSending()
      ahead?.then((chunk) => chunk?.lease?.release()).catch(() => {})
    },
  }
}

/**
 * How far a chunk goes that begins at `index`: as many items as fit in `limit` bytes, or one that
 * is larger.
 */
const planChunk = (
  sizes: readonly number[],
  index: number,
  limit: number,
): { end: number; bytes: number } => {
  let [end, bytes] = [index + 1, sizes[index] ?? 0]
  for (; end < sizes.length && bytes + (sizes[end] ?? 0) <= limit; end += 1)
    bytes += sizes[end] ?? 0
  return { end, bytes }
}
