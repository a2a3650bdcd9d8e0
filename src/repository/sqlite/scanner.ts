import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ScanReply, ScanRequest } from './scan-worker.ts'
import type { SliceReads } from './slice-reads.ts'

/** Runs one of the reads. */
export type Scan = <Name extends keyof SliceReads>(
  name: Name,
  ...parameters: Parameters<SliceReads[Name]>
) => Promise<ReturnType<SliceReads[Name]>>

/**
 * Reads whose cost grows with the data, on a thread of their own so that none delays a point read.
 */
export interface Scanner {
  readonly scan: Scan
  close(): Promise<void>
}

/**
 * How many requests the thread has at once, at most: enough to keep it busy. Its answers are in
 * memory until the main thread comes round to them.
 */
const MAX_POSTED = 4

interface Waiting {
  readonly request: ScanRequest
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

export const createScanner = (path: string): Scanner => {
  const posted = new Map<number, Waiting>()
  const queue: Waiting[] = []
  let worker: Worker | undefined
  let nextId = 0
  let isClosing = false

  const postNext = (): void => {
    while (posted.size < MAX_POSTED) {
      const next = queue.shift()
      if (next === undefined) break
      worker ??= start()
      worker.ref()
      posted.set(next.request.id, next)
      worker.postMessage(next.request)
    }
    if (posted.size > 0) return
    if (isClosing) worker?.postMessage('close')
    else worker?.unref()
  }

  const onReply = (reply: ScanReply): void => {
    const caller = posted.get(reply.id)
    posted.delete(reply.id)
    postNext()
    if ('result' in reply) caller?.resolve(reply.result as never)
    else caller?.reject(Object.assign(new Error(reply.message), { errcode: reply.errcode }))
  }

  /** The next scan starts a new thread. */
  const onEnd = (error: unknown): void => {
    worker = undefined
    const failed = [...posted.values(), ...queue.splice(0)]
    posted.clear()
    for (const { reject } of failed) reject(error)
  }

  const start = (): Worker => {
    const started = new Worker(new URL('./scan-worker.js', import.meta.url), {
      workerData: { path },
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    })
    started.on('message', onReply)
    started.once('error', onEnd)
    started.once('exit', () => {
      if (worker === started) onEnd(new Error('the scan thread ended'))
    })
    return started
  }

  return {
    scan: (name, ...parameters) =>
      new Promise((resolve, reject) => {
        queue.push({ request: { id: nextId++, name, parameters }, resolve, reject })
        postNext()
      }),
    /** What waits is answered first. */
    async close() {
      if (worker === undefined) return
      isClosing = true
      worker.ref()
      const ended = once(worker, 'exit')
      postNext()
      await ended
    },
  }
}
