import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'
import { bucketOfKey } from './repository/mongo/shard-key.ts'

const RANDOM_BYTES = 16
/** Random bytes are fetched for this many ids together: the call costs more than the bytes. */
const FETCHED_IDS = 256
const COUNTER_END = 2 ** 32

/**
 * Makes UUIDv7s (RFC 9562) that ascend from the newest one on: a counter, begun at random with each
 * millisecond, orders the ids within it (section 6.2, method 1). Where the clock was set back, the
 * ids' own time stays ahead of it. An id made with an idempotency key ends with the key's bucket.
 */
export const createUuids = (newest: string | undefined): ((key?: string) => string) => {
  const bytes = new Uint8Array(RANDOM_BYTES * FETCHED_IDS)
  let used = bytes.length
  let msecs = newest === undefined ? 0 : millisecondsOf(newest)
  let seq = COUNTER_END

  return (key) => {
    if (used === bytes.length) {
      randomFillSync(bytes)
      used = 0
    }
    const random = bytes.subarray(used, used + RANDOM_BYTES)
    used += RANDOM_BYTES
    seq += 1
    const now = Date.now()
    if (now > msecs || seq >= COUNTER_END) {
      msecs = Math.max(now, msecs + 1)
      seq = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1
    }
    const id = v7({ random, msecs, seq })
    return key === undefined ? id : placed(id, bucketOfKey(key))
  }
}

const placed = (id: string, bucket: string): string => id.slice(0, -bucket.length) + bucket

/** The first 48 bits are the time. */
const millisecondsOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
