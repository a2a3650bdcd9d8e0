import {
  MongoError,
  MongoErrorLabel,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import { AppError } from '../../core/errors.ts'

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
const hasCode = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof MongoServerError && codes.includes(Number(error.code))

const UNAUTHORIZED = 13
const INDEX_NOT_FOUND = 27
const DUPLICATE_KEY = 11000

/**
 * The server made no change, and the next attempt may succeed: the write was in the way of another
 * one (WriteConflict, and the deadlock of a DocumentDB that keeps its data in PostgreSQL), or the
 * server is not the primary.
 */
const TEMPORARY_REFUSALS = [112, 16908292, 10107, 10058, 13435]

export const isDuplicateKey = (error: unknown): boolean => hasCode(error, DUPLICATE_KEY)
export const isIndexNotFound = (error: unknown): boolean => hasCode(error, INDEX_NOT_FOUND)

/** Node's errors of a connection that the server has just ended, which the driver lets through. */
const SOCKET_CODES: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])

export const isBrokenConnection = (error: unknown): boolean =>
  error instanceof MongoNetworkError ||
  (error instanceof Error && 'code' in error && SOCKET_CODES.has(error.code))

/** Any error of the driver, the server or their connection; others are programming errors. */
export const isDatabaseError = (error: unknown): boolean =>
  error instanceof MongoError || isBrokenConnection(error)

/**
 * What an error says of the one attempt to write that failed with it. `unknown`: the write may have
 * been made, or may yet be. The others: it was not made and never will be; after `temporary`,
 * another attempt may succeed.
 */
export type Failure = 'unknown' | 'temporary' | 'final'

export const failureOf = (error: unknown): Failure => {
  if (!isDatabaseError(error) || hasCode(error, DUPLICATE_KEY, UNAUTHORIZED)) return 'final'
  if (error instanceof MongoWriteConcernError) return 'unknown'
  if (hasCode(error, ...TEMPORARY_REFUSALS)) return 'temporary'
  if (!isUnsent(error)) return 'unknown'
  return isBrokenConnection(error) ? 'temporary' : 'final'
}

/** Names of errors that come before a command is sent: the driver does not export their classes. */
const UNSENT_NAMES = ['MongoPoolClearedError', 'MongoWaitQueueTimeoutError']

/** Labels for a connection that was not established, and for a command that was not begun. */
const UNSENT_LABELS = [
  MongoErrorLabel.HandshakeError,
  MongoErrorLabel.SystemOverloadedError,
  MongoErrorLabel.NoWritesPerformed,
]

const isUnsent = (error: unknown): boolean =>
  error instanceof MongoServerSelectionError ||
  (error instanceof MongoError &&
    (UNSENT_NAMES.includes(error.name) || UNSENT_LABELS.some((one) => error.hasErrorLabel(one))))

export const toDatabaseError = (error: unknown): unknown =>
  isDatabaseError(error) && !isDuplicateKey(error)
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
