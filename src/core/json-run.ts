import type { Task } from './task.ts'

/** A run of JSON objects as they are sent: their texts in UTF-8, joined by commas. Most are never parsed on their way. */
export interface JsonRun {
  readonly bytes: Buffer
  readonly count: number
}

export const EMPTY_RUN: JsonRun = { bytes: Buffer.alloc(0), count: 0 }

export const toRun = (texts: readonly string[]): JsonRun => ({ bytes: Buffer.from(texts.join(',')), count: texts.length })

export const joinRuns = (a: JsonRun, b: JsonRun): JsonRun => {
  if (a.count === 0) return b
  return b.count === 0 ? a : { bytes: Buffer.concat([a.bytes, COMMA, b.bytes]), count: a.count + b.count }
}

/** The last task of a run that has one. */
export const lastTask = (run: JsonRun): Task => JSON.parse(run.bytes.toString('utf8', lastStart(run))) as Task

/** A run of tasks without its last one. */
export const withoutLast = (run: JsonRun): JsonRun => ({
  bytes: run.bytes.subarray(0, Math.max(0, lastStart(run) - 1)),
  count: run.count - 1,
})

const COMMA = Buffer.from(',')

/** Inside a JSON string a quote follows a backslash, so this is found between tasks alone. */
const lastStart = (run: JsonRun): number => run.bytes.lastIndexOf(',{"id":') + 1

/** The same bytes, seen as a Buffer. */
export const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
