import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How many bytes of chunks may wait to be freed after they were sent. */
const MAX_SENT = 4 * 1024 * 1024

let collect: NodeJS.GCFunction | undefined
let sent = 0

/** V8 hands out its `gc` to contexts that are made after this flag was set. */
const exposeCollector = (): NodeJS.GCFunction => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as NodeJS.GCFunction
}

/**
 * To be called for each chunk that was sent: has the memory of chunks freed soon. V8 by itself lets some 64 MB of buffers pile up
 * and then goes through the whole heap. As chunks live shortly, a collection of what is new is enough, and takes below 1 ms.
 */
export const noteSent = (bytes: number): void => {
  sent += bytes
  if (sent < MAX_SENT) return
  sent = 0
  collect ??= exposeCollector()
  collect({ type: 'minor' })
}
