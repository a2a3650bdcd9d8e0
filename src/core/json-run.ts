/** A run of JSON objects as they are sent: their texts in UTF-8, joined by commas. Most are never parsed on their way. */
export interface JsonRun {
  readonly bytes: Buffer
  readonly count: number
}

export const EMPTY_RUN: JsonRun = { bytes: Buffer.alloc(0), count: 0 }

/** How the objects of a run begin. Inside a JSON string a quote follows a backslash, so this is found between objects alone. */
export type RunStart = '{"id":' | '{"sequence":'

export const joinRuns = (a: JsonRun, b: JsonRun): JsonRun => {
  if (a.count === 0) return b
  return b.count === 0 ? a : { bytes: Buffer.concat([a.bytes, COMMA, b.bytes]), count: a.count + b.count }
}

/** The last object of a run that has one. */
export const lastOf = (run: JsonRun, start: RunStart): unknown => JSON.parse(run.bytes.toString('utf8', lastStart(run, start)))

export const withoutLast = (run: JsonRun, start: RunStart): JsonRun => ({
  bytes: run.bytes.subarray(0, Math.max(0, lastStart(run, start) - 1)),
  count: run.count - 1,
})

const COMMA = Buffer.from(',')

const lastStart = (run: JsonRun, start: RunStart): number => run.bytes.lastIndexOf(`,${start}`) + 1

/** The same bytes, seen as a Buffer. */
export const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
