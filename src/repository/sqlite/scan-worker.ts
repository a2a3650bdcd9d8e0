import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase, sqliteCode } from './driver.ts'
import { createSliceReads, type SliceReads } from './slice-reads.ts'

export interface ScanRequest {
  readonly id: number
  readonly name: keyof SliceReads
  readonly parameters: readonly unknown[]
}

export type ScanReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly message: string; readonly errcode: number | undefined }

/**
 * Each request is a short read of its own, so that the write-ahead log is never pinned by a slow
 * reader.
 */
const { path } = workerData as { path: string }
const db = openDatabase(path, { readOnly: true })
db.exec('PRAGMA query_only = ON; PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY')
const begin = db.prepare('BEGIN')
const commit = db.prepare('COMMIT')
const reads = createSliceReads(db)

const run = ({ name, parameters }: ScanRequest): unknown => {
  const read = reads[name] as (...parameters: readonly unknown[]) => unknown
  begin.run()
  try {
    return read(...parameters)
  } finally {
    if (db.isTransaction) commit.run()
  }
}

const answer = (request: ScanRequest): ScanReply => {
  try {
    return { id: request.id, result: run(request) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { id: request.id, message, errcode: sqliteCode(error) }
  }
}

/**
 * The memory of texts is handed over, not copied. That of small Buffers is a pool, which they share
 * with others.
 */
const ownMemory = (value: unknown): ArrayBuffer[] =>
  value instanceof Uint8Array && value.length > 0 && value.buffer.byteLength !== Buffer.poolSize
    ? [value.buffer as ArrayBuffer]
    : []

parentPort?.on('message', (request: ScanRequest | 'close') => {
  if (request === 'close') {
    db.close()
    parentPort?.close()
    return
  }
  const reply = answer(request)
  const values =
    'result' in reply && reply.result instanceof Object ? Object.values(reply.result) : []
  parentPort?.postMessage(reply, values.flatMap(ownMemory))
})
