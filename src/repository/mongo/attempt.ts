import { AsyncLocalStorage } from 'node:async_hooks'
import { isUnconfirmed, outcomeUnknown, toDatabaseError } from './database-error.ts'
import { type Deadline, tooBusy, within } from './deadline.ts'

/** Whether a write has left for the server, as the driver's own retries hide it from the error that comes in the end. */
const attempts = new AsyncLocalStorage<{ isSent: boolean }>()

/** To be called for each command that is sent. */
export const noteSent = (): void => {
  const attempt = attempts.getStore()
  if (attempt !== undefined) attempt.isSent = true
}

/**
 * Runs a write. Throws `outcome_unknown` when it was, or may yet be, sent and never confirmed, `database_unavailable` when it surely
 * did not happen.
 */
export const writing = async <T>(deadline: Deadline, write: () => Promise<T>): Promise<T> => {
  const milliseconds = deadline.left()
  const attempt = { isSent: false }
  try {
    return await within(attempts.run(attempt, write), milliseconds, outcomeUnknown)
  } catch (error) {
    throw attempt.isSent && isUnconfirmed(error) ? outcomeUnknown(error) : toDatabaseError(error)
  }
}

/** Runs a read. Throws `database_unavailable` when the database does not answer. */
export const reading = async <T>(deadline: Deadline, read: () => Promise<T>): Promise<T> => {
  const milliseconds = deadline.left()
  try {
    return await within(read(), milliseconds, tooBusy)
  } catch (error) {
    throw toDatabaseError(error)
  }
}
