import { MongoError, MongoServerError, MongoWriteConcernError } from 'mongodb'
import { AppError } from '../../core/errors.ts'

export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === 11000

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
export const isIndexNotFound = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === 27

/**
 * The server did not take the write (https://www.mongodb.com/docs/manual/reference/error-codes/): it is not the primary, or the
 * user may not write. Whatever else it says may come after the write was made, like that it is about to stop.
 */
const REFUSALS: ReadonlySet<unknown> = new Set([10107, 10058, 13435, 13])

export const isRefusal = (error: unknown): boolean =>
  error instanceof MongoServerError &&
  !(error instanceof MongoWriteConcernError) &&
  REFUSALS.has(error.code)

/**
 * The server took the write back, as it was in the way of another one, so it is to be made again: WriteConflict, and the deadlock of
 * a DocumentDB that keeps its data in PostgreSQL.
 */
const TAKEN_BACK: ReadonlySet<unknown> = new Set([112, 16908292])

export const isTakenBack = (error: unknown): boolean =>
  error instanceof MongoServerError &&
  !(error instanceof MongoWriteConcernError) &&
  TAKEN_BACK.has(error.code)

/** What Node says of a connection that the server has just ended: the driver lets it through when it writes at that very moment. */
const CONNECTION_CODES: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])

const isOfConnection = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && CONNECTION_CODES.has(error.code)

/** Whatever the driver or the server says is a matter of the database; anything else is a fault of ours. */
export const isOfDatabase = (error: unknown): boolean =>
  error instanceof MongoError || isOfConnection(error)

export const toDatabaseError = (error: unknown): unknown =>
  isOfDatabase(error) && !isDuplicateKey(error)
    ? unavailable('does not answer just now', error)
    : error

export const unavailable = (what: string, cause?: unknown): AppError =>
  new AppError('database_unavailable', `The database ${what}; try again shortly`, { cause })

export const outcomeUnknown = (cause?: unknown): AppError =>
  new AppError(
    'outcome_unknown',
    'The database did not confirm the change: it may or may not have been made. Read the task, or try again with the same Idempotency-Key',
    { cause },
  )
