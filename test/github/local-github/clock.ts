export interface Clock {
  readonly now: () => number
  /** Puts it forward (or back) by so many milliseconds. */
  readonly advance: (milliseconds: number) => void
  /** Stops it, so that only `advance` moves it. */
  readonly stop: () => void
}

/** The time of day that a test steers: it runs on by itself until it is stopped. */
export const createClock = (start = Date.now()): Clock => {
  let shift = start - Date.now()
  let stoppedAt: number | undefined
  const now = (): number => stoppedAt ?? Date.now() + shift
  return {
    now,
    advance(milliseconds) {
      if (stoppedAt === undefined) shift += milliseconds
      else stoppedAt += milliseconds
    },
    stop() {
      stoppedAt = now()
    },
  }
}
