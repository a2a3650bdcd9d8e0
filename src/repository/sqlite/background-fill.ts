import type { TransactionQueue } from './transaction-queue.ts'

/**
 * How long other requests have the database to themselves after a step, and after one that failed,
 * in milliseconds.
 */
const PAUSE_MS = 20
const RETRY_MS = 1000

/**
 * Upgrades the data of an earlier version in the background, in short steps, each a transaction of
 * its own. `step` returns whether it was the last; it must keep its place in the database, so that
 * a restart goes on from there.
 */
export const startFill = (queue: TransactionQueue, isNeeded: boolean, step: () => boolean) => {
  let isDone = !isNeeded
  let isStopped = false
  let timer: NodeJS.Timeout | undefined

  const run = async (): Promise<void> => {
    try {
      isDone = await queue.write(step)
      if (!isDone) schedule(PAUSE_MS)
    } catch {
      schedule(RETRY_MS)
    }
  }

  const schedule = (milliseconds: number): void => {
    if (!isStopped) timer = setTimeout(run, milliseconds).unref()
  }

  if (!isDone) schedule(0)

  return {
    isDone: (): boolean => isDone,
    stop(): void {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
