import { type Deadline, tooBusy, within } from './deadline.ts'

/** So long a call may wait to be let in, in milliseconds: what it then asks of the database has the rest of its time. */
const PATIENCE_MS = 3500

/** Runs a call once it is let in. Throws `database_unavailable` when that takes too long: then it never runs. */
export type Gate = <T>(deadline: Deadline, run: () => Promise<T>) => Promise<T>

/**
 * Lets so many calls in at once, the others in the order in which they came. A call that waits for a connection of the driver's pool
 * is given up there after a fixed time, and one that is given up may have been sent; here it surely was not.
 */
export const createGate = (most: number): Gate => {
  const waiting = new Set<() => void>()
  let free = most

  const enter = async (deadline: Deadline): Promise<void> => {
    if (free > 0) {
      free -= 1
      return
    }
    let letIn = (): void => undefined
    const turn = new Promise<void>((resolve) => {
      letIn = resolve
    })
    waiting.add(letIn)
    try {
      await within(turn, Math.min(PATIENCE_MS, deadline.left()), tooBusy)
    } catch (error) {
      waiting.delete(letIn)
      throw error
    }
  }

  const leave = (): void => {
    const [next] = waiting
    if (next === undefined) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  return async (deadline, run) => {
    await enter(deadline)
    try {
      return await run()
    } finally {
      leave()
    }
  }
}
