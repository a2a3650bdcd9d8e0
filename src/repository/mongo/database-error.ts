import { AsyncLocalStorage } from 'node:async_hooks'
import { MongoError, MongoServerError, MongoWriteConcernError } from 'mongodb'
import { TaskError } from '../../core/errors.ts'

/** Whether a write has left for the server, as the driver's own retries hide it from the error that comes in the end. */
const attempts = new AsyncLocalStorage<{ isSent: boolean }>()

/** To be called for each command that is sent. */
export const noteSent = (): void => {
  const attempt = attempts.getStore()
  if (attempt !== undefined) attempt.isSent = true
}

/** Runs a write. Throws `outcome_unknown` when it was sent and never confirmed, `database_unavailable` when it surely did not happen. */
export const writing = async <T>(write: () => Promise<T>): Promise<T> => {
  const attempt = { isSent: false }
  try {
    return await attempts.run(attempt, write)
  } catch (error) {
    throw attempt.isSent && isUnconfirmed(error) ? outcomeUnknown(error) : toDatabaseError(error)
  }
}

/** Runs a read. Throws `database_unavailable` when the database does not answer. */
export const reading = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    throw toDatabaseError(error)
  }
}

export const isDuplicateKey = (error: unknown): boolean => error instanceof MongoServerError && error.code === 11000

/** The server did not take the write (https://www.mongodb.com/docs/manual/reference/error-codes/): it is not, or no longer, the primary. */
const NOT_TAKEN: ReadonlySet<unknown> = new Set([10107, 10058, 13435])

const isUnconfirmed = (error: unknown): boolean =>
  error instanceof MongoWriteConcernError ||
  (error instanceof MongoError && !(error instanceof MongoServerError)) ||
  (error instanceof MongoServerError && error.hasErrorLabel('RetryableWriteError') && !NOT_TAKEN.has(error.code))

/** Whatever the driver or the server says is a matter of the database; anything else is a fault of ours. */
export const toDatabaseError = (error: unknown): unknown =>
  error instanceof MongoError && !isDuplicateKey(error) ? unavailable('does not answer just now', error) : error

export const unavailable = (what: string, cause?: unknown): TaskError =>
  new TaskError('database_unavailable', `The database ${what}; try again shortly`, { cause })

const outcomeUnknown = (cause: unknown): TaskError =>
  new TaskError(
    'outcome_unknown',
    'The database did not confirm the change: it may or may not have been made. Read the task, or try again with the same Idempotency-Key',
    { cause },
  )
