import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase, sqliteCode } from './binding.ts'
import type { Leg } from './list-plan.ts'
import { createReadRun } from './read-run.ts'

export interface ScanRequest {
  readonly id: number
  readonly legs: readonly Leg[]
  readonly limit: number
}

export type ScanReply =
  | { readonly id: number; readonly bytes: Uint8Array; readonly count: number }
  | { readonly id: number; readonly message: string; readonly errcode: number | undefined }

/** Each request is a short read of its own, so that the write-ahead log is never pinned by a slow reader. */
const { path } = workerData as { path: string }
const db = openDatabase(path, { readOnly: true })
db.exec('PRAGMA query_only = ON; PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY')
const readRun = createReadRun(db)

const answer = ({ id, legs, limit }: ScanRequest): ScanReply => {
  try {
    return { id, ...readRun(legs, limit) }
  } catch (error) {
    return { id, message: error instanceof Error ? error.message : String(error), errcode: sqliteCode(error) }
  }
}

parentPort?.on('message', (request: ScanRequest | 'close') => {
  if (request === 'close') {
    db.close()
    parentPort?.close()
    return
  }
  const reply = answer(request)
  /** The bytes are handed over, not copied; a view of a shared pool cannot be. */
  const isWhole = 'bytes' in reply && reply.bytes.byteLength === reply.bytes.buffer.byteLength && reply.count > 0
  parentPort?.postMessage(reply, isWhole ? [reply.bytes.buffer as ArrayBuffer] : [])
})
