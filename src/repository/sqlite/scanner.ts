import { Worker } from 'node:worker_threads'
import { type JsonRun, toBuffer } from '../../core/json-run.ts'
import type { Leg } from './list-plan.ts'
import type { ScanReply, ScanRequest } from './scan-worker.ts'

/** Reads a run by the legs of a plan, up to a number of rows. */
export type Scan = (legs: readonly Leg[], limit: number) => Promise<JsonRun>

/** Reads whose cost grows with the data, on a thread of their own so that none delays a point read. */
export interface Scanner {
  readonly scan: Scan
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (run: JsonRun) => void
  readonly reject: (error: unknown) => void
}

export const createScanner = (path: string): Scanner => {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let nextId = 0
  let isClosing = false

  const onReply = (reply: ScanReply): void => {
    const caller = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (waiting.size === 0 && !isClosing) worker?.unref()
    if ('bytes' in reply) caller?.resolve({ bytes: toBuffer(reply.bytes), count: reply.count })
    else caller?.reject(Object.assign(new Error(reply.message), { errcode: reply.errcode }))
  }

  /** Whoever waits is told; the next scan starts a new thread. */
  const onEnd = (error: unknown): void => {
    worker = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
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
    scan: (legs, limit) =>
      new Promise((resolve, reject) => {
        worker ??= start()
        worker.ref()
        const id = nextId++
        waiting.set(id, { resolve, reject })
        const request: ScanRequest = { id, legs, limit }
        worker.postMessage(request)
      }),
    /** Requests are taken in their order, so those that wait are answered first. */
    async close() {
      if (worker === undefined) return
      isClosing = true
      worker.ref()
      worker.postMessage('close')
      await new Promise((resolve) => worker?.once('exit', resolve))
    },
  }
}
