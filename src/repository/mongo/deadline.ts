import { unavailable } from './database-error.ts'

/** A request that needs the database is answered within 5 s: so long may all that it asks of it take, in milliseconds. */
const BUDGET_MS = 4500

/** The time that is left for the commands of one call, to be given to each. Throws `database_unavailable` when there is none. */
export type Deadline = () => { readonly timeoutMS: number }

export const createDeadline = (): Deadline => {
  const end = performance.now() + BUDGET_MS
  return () => {
    const left = Math.ceil(end - performance.now())
    if (left <= 0) throw unavailable('is too busy with this task')
    return { timeoutMS: left }
  }
}
