/** Milliseconds from a wake-up to the end of a rest: work that arrives together is read once. */
const WAKE_DELAY_MS = 20

/** The pauses of a loop, until `end` ends them for good. */
export const createPauses = () => {
  let areOver = false
  let isWoken = false
  let isResting = false
  let endPause = (): void => {}

  const pause = async (milliseconds: number): Promise<void> => {
    if (areOver) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    areOver: (): boolean => areOver,
    pause,

    /** A pause that `wake` ends. */
    async rest(milliseconds: number): Promise<void> {
      isResting = true
      if (!isWoken) await pause(milliseconds)
      isResting = false
      if (isWoken && milliseconds > 0) await pause(WAKE_DELAY_MS)
      isWoken = false
    },

    wake(): void {
      isWoken = true
      if (isResting) endPause()
    },

    end(): void {
      areOver = true
      endPause()
    },
  }
}
