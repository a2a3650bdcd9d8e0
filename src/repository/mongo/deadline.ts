import { unavailable } from './database-error.ts'

/** A request that needs the database is answered within 5 s: so long may all that it asks of it take, in milliseconds. */
const BUDGET_MS = 4500

export interface Deadline {
  /** How long there still is, in milliseconds. Throws `database_unavailable` when there is no time left. */
  left(): number
}

/** Made when a call comes in, and shared by all that it waits for. */
export const createDeadline = (): Deadline => {
  const end = performance.now() + BUDGET_MS
  return {
    left() {
      const milliseconds = Math.ceil(end - performance.now())
      if (milliseconds <= 0) throw tooBusy()
      return milliseconds
    },
  }
}

export const tooBusy = () => unavailable('is too busy just now')

/** The promise's value, or what `late` makes after the timeout. The work behind it is not cancelled. */
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
