import { type Deadline, tooBusy, within } from './deadline.ts'

/**
 * Runs what is asked of one task one after the other, so that this process's own writers never get in each other's way.
 * Throws `database_unavailable` when a turn does not come in time: then it never comes.
 */
export const createTaskQueues = () => {
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
