import { createHash } from 'node:crypto'

/**
 * How many hexadecimal digits at the end of an id say which bucket its task is in: 16,777,216
 * buckets.
 */
const DIGITS = 6

/**
 * Where a store that is spread over many servers keeps a task: found from its id alone. The id of a
 * task that was created with an idempotency key ends with a digest of that key, so that two tries
 * meet in one bucket, which can refuse the second.
 */
export const bucketOfId = (id: string): string => id.slice(-DIGITS)

export const bucketOfKey = (key: string): string =>
  createHash('sha256').update(key).digest('hex').slice(0, DIGITS)
