/** Runs what is asked of one task one after the other, so that this process's own writers never get in each other's way. */
export const createTaskQueues = () => {
  const last = new Map<string, Promise<unknown>>()

  return async <T>(id: string, run: () => Promise<T>): Promise<T> => {
    const before = last.get(id)
    const result = before === undefined ? run() : before.then(run)
    const settled = result.then(
      () => {},
      () => {},
    )
    last.set(id, settled)
    settled.then(() => {
      if (last.get(id) === settled) last.delete(id)
    })
    return result
  }
}
