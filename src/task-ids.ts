import { v7 } from 'uuid'

/**
 * Makes UUIDv7s (RFC 9562) that ascend from the newest one on, also where the clock was set back: the id's own
 * time then runs ahead of the clock by a millisecond at a time, as the RFC's section 6.2 allows.
 */
export const createTaskIds = (newest: string | undefined): (() => string) => {
  let last = newest ?? ''
  return () => {
    const id = v7()
    last = id > last ? id : v7({ msecs: millisecondsOf(last) + 1 })
    return last
  }
}

/** The first 48 bits are the time. */
const millisecondsOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
