import { type Deadline, tooBusy, within } from './write-outcome.ts'

/**
 * Runs the calls for one task one after the other, so that this process's own writers never
 * collide. Throws `database_unavailable` when a call does not get its turn in time: then it never
 * runs.
 */
export const createKeyedMutex = () => {
  const last = new Map<string, Promise<unknown>>()

  return async <T>(id: string, deadline: Deadline, run: () => Promise<T>): Promise<T> => {
    const before = last.get(id)
    const result = before === undefined ? run() : within(before, deadline.left(), tooBusy).then(run)
    const settled = Promise.allSettled([before, result])
    last.set(id, settled)
    settled.then(() => {
      if (last.get(id) === settled) last.delete(id)
    })
    return result
  }
}
