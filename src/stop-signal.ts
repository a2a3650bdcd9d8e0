/**
 * npm and a terminal may both pass one Ctrl-C on: what comes so soon after the first is the same
 * signal.
 */
const SAME_SIGNAL_MS = 500

/**
 * Runs `stop` on the first SIGTERM or SIGINT and exits with 0 when it is done; a second signal
 * exits at once.
 */
export const onStopSignal = (stop: (signal: NodeJS.Signals) => Promise<void>): void => {
  let stoppedAt: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    if (stoppedAt === undefined) {
      stoppedAt = now
      stop(signal).then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error)
          process.exit(1)
        },
      )
    } else if (now - stoppedAt > SAME_SIGNAL_MS) {
      process.exit(1)
    }
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
