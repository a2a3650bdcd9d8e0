import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const MIB = 1024 * 1024

/** How many bytes are sent between two quick collections, which free what is new. */
const QUICK_EVERY = 4 * MIB

/** How many bytes are sent between two full collections, at least. */
const FULL_EVERY = 16 * MIB

/** A full collection is worth its time when buffers take more than this many bytes. */
const FULL_ABOVE = 24 * MIB

let collect: NodeJS.GCFunction | undefined
let sinceQuick = 0
let sinceFull = 0

/** V8 gives its `gc` to contexts that are made after this flag was set. */
const exposeCollector = (): NodeJS.GCFunction => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as NodeJS.GCFunction
}

/**
 * Frees the memory of chunks soon after they were sent; must be called for each of them. V8 by
 * itself lets 64 MB of buffers and more pile up, and then goes through the whole heap. Chunks are
 * short-lived, so a quick collection of less than 1 ms frees most of them; those of clients that
 * took theirs late need a full one.
 */
export const noteSent = (bytes: number): void => {
  sinceQuick += bytes
  sinceFull += bytes
  if (sinceQuick < QUICK_EVERY) return
  sinceQuick = 0
  collect ??= exposeCollector()
  collect({ type: 'minor' })
  if (sinceFull < FULL_EVERY || getHeapStatistics().external_memory < FULL_ABOVE) return
  sinceFull = 0
  collect({ type: 'major' })
}
