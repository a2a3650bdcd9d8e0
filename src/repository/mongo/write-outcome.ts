import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../core/errors.ts'
import {
  failureOf,
  isBrokenConnection,
  isDatabaseError,
  isDuplicateKey,
  outcomeUnknown,
  toDatabaseError,
  unavailable,
} from './database-error.ts'

/** How long a request may use the database, in milliseconds: it is answered within 5 s. */
const BUDGET_MS = 4200

/** The pause between attempts, in milliseconds: none before the second, then this, then doubled. */
const PAUSE_MS = 20

/**
 * How long before the deadline the last attempt begins, in milliseconds: one that is still in
 * progress at the deadline has no known outcome.
 */
const LAST_ATTEMPT_MS = 100

export interface Deadline {
  /** Milliseconds, more than 0. Throws `database_unavailable` when no time is left. */
  left(): number
}

/** Made when a call comes in, and shared by all that it waits for. */
export const createDeadline = (budgetMs = BUDGET_MS): Deadline => {
  const end = performance.now() + budgetMs
  return {
    left() {
      const milliseconds = Math.ceil(end - performance.now())
      if (milliseconds <= 0) throw tooBusy()
      return milliseconds
    },
  }
}

export const tooBusy = () => unavailable('is too busy just now')

/** The promise's value, or the error of `late` after the timeout. The work is not cancelled. */
export const within = <T>(
  promise: Promise<T>,
  milliseconds: number,
  late: () => Error,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), milliseconds)
    const settle =
      <V>(pass: (value: V) => void) =>
      (value: V): void => {
        clearTimeout(timer)
        pass(value)
      }
    promise.then(settle(resolve), settle(reject))
  })

/** Repeats an attempt until it succeeds, `check` throws, or the time is over. */
const repeat = async <T>(
  deadline: Deadline,
  attempt: () => Promise<T>,
  check: (error: unknown) => void,
): Promise<T> => {
  for (let pauseMs = 0; ; pauseMs = pauseMs === 0 ? PAUSE_MS : 2 * pauseMs) {
    try {
      return await attempt()
    } catch (error) {
      check(error)
    }
    if (pauseMs > 0) {
      const left = deadline.left() - LAST_ATTEMPT_MS
      if (left <= 0) throw tooBusy()
      await sleep(Math.min(pauseMs, left))
    }
  }
}

/**
 * Runs a read, again when its connection breaks. Throws `database_unavailable` when the database
 * does not answer in time.
 */
export const runRead = async <T>(deadline: Deadline, read: () => Promise<T>): Promise<T> => {
  const attempt = (): Promise<T> => {
    deadline.left()
    return read()
  }
  const check = (error: unknown): void => {
    if (!isBrokenConnection(error)) throw error
  }
  const milliseconds = deadline.left()
  try {
    return await within(repeat(deadline, attempt, check), milliseconds, tooBusy)
  } catch (error) {
    throw toDatabaseError(error)
  }
}

/**
 * Runs a write until its outcome is known, within the deadline. Throws `database_unavailable` when
 * it was surely not made, and `outcome_unknown` when it may have been and the database does not
 * say so in time.
 *
 * @param send sends the write. It is called again (`isRepeated`) after an attempt that may have
 * been made, so the write must have its effect at most once
 * @param look finds the result of an attempt that may have been made, or was refused as the
 * document is there already; undefined if there is none. Without it, the write is just sent again
 */
export const runWrite = async <T>(
  deadline: Deadline,
  send: (isRepeated: boolean) => Promise<T>,
  look?: () => Promise<T | undefined>,
): Promise<T> => {
  let mayBeMade = false
  let isLooking = false

  const attempt = async (): Promise<T> => {
    const found = isLooking ? await look?.() : undefined
    if (found !== undefined) return found
    deadline.left()
    const isRepeated = mayBeMade
    mayBeMade = true
    try {
      return await send(isRepeated)
    } catch (error) {
      mayBeMade = isRepeated || failureOf(error) === 'unknown'
      throw error
    }
  }

  /** Throws an error after which no attempt is made. */
  const check = (error: unknown): void => {
    const isThere = look !== undefined && isDuplicateKey(error)
    const isWorthAnother = mayBeMade ? isUnavailable(error) : failureOf(error) === 'temporary'
    if (!isThere && !isWorthAnother) throw error
    isLooking ||= isThere || mayBeMade
  }

  const milliseconds = deadline.left()
  try {
    const late = () => (mayBeMade ? outcomeUnknown() : tooBusy())
    return await within(repeat(deadline, attempt, check), milliseconds, late)
  } catch (error) {
    throw mayBeMade && isUnavailable(error) ? outcomeUnknown(error) : toDatabaseError(error)
  }
}

/** Also as a read says it that was made to look. */
const isUnavailable = (error: unknown): boolean =>
  (isDatabaseError(error) && !isDuplicateKey(error)) ||
  (error instanceof AppError && error.code === 'database_unavailable')
