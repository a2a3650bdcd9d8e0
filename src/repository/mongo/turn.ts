/** Gathers what is given in one turn of the event loop, and runs it together at its end. */
export const gather = <T>(run: (gathered: readonly T[]) => void): ((one: T) => void) => {
  let gathered: T[] = []
  const flush = (): void => {
    const all = gathered
    gathered = []
    run(all)
  }
  return (one) => {
    if (gathered.length === 0) setImmediate(flush)
    gathered.push(one)
  }
}
