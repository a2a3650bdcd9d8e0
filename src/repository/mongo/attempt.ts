import { AsyncLocalStorage } from 'node:async_hooks'
import {
  isDuplicateKey,
  isOfDatabase,
  isRefusal,
  isTakenBack,
  outcomeUnknown,
  toDatabaseError,
} from './database-error.ts'
import { type Deadline, tooBusy, within } from './deadline.ts'

/** How often a write has left for the server, as the driver's own retries hide it from the error that comes in the end. */
export interface Attempt {
  sent: number
}

const NONE: readonly Attempt[] = []

/** The writes that a command is sent for: mostly one. */
const underWay = new AsyncLocalStorage<readonly Attempt[]>()

export const currentAttempts = (): readonly Attempt[] => underWay.getStore() ?? NONE

/** Runs what sends one command for several writes, each of which began by itself. */
export const onBehalfOf = <T>(attempts: readonly Attempt[], run: () => T): T =>
  underWay.run(attempts, run)

/** To be called for each command that is sent. */
export const noteSent = (): void => {
  for (const attempt of currentAttempts()) attempt.sent += 1
}

/**
 * Runs a write. Throws `outcome_unknown` when it was, or may yet be, sent and never confirmed, `database_unavailable` when it surely
 * did not happen: that a write which was sent twice is refused says nothing of the first time.
 */
export const writing = async <T>(deadline: Deadline, write: () => Promise<T>): Promise<T> => {
  const milliseconds = deadline.left()
  const attempt = { sent: 0 }
  try {
    return await within(onBehalfOf([attempt], write), milliseconds, outcomeUnknown)
  } catch (error) {
    if (attempt.sent === 1 && isTakenBack(error)) return writing(deadline, write)
    const isDecided =
      attempt.sent === 0 || isDuplicateKey(error) || (attempt.sent === 1 && isRefusal(error))
    throw isDecided || !isOfDatabase(error) ? toDatabaseError(error) : outcomeUnknown(error)
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
