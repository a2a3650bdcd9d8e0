import type { Position } from '../../core/task-query.ts'
import type { Database, Statement } from './driver.ts'
import type { ListStatement } from './list-plan.ts'
import { createNextPosition, type SortColumn } from './next-position.ts'
import {
  type KeyRow,
  keysSql,
  type SelectedTextsRow,
  type SizeRow,
  type Source,
  type TextRow,
  textsSql,
  valuesSql,
  wholeSql,
} from './slice-sql.ts'
import { createStatementCache } from './statement-cache.ts'

/** The most bytes that texts may take while SQLite joins them, before it is known how many fit. */
const SCRATCH_BYTES = 1024 * 1024

export interface SelectRequest {
  readonly source: Source
  /** The order of the tasks or records; absent for events. */
  readonly sort?: SortColumn
  /** Each selects keys in order. */
  readonly legs: readonly ListStatement[]
  /** The largest number of items. */
  readonly limit: number
  /** The texts are read along if they come to no more than this, in bytes. */
  readonly wholeBytes: number
}

export interface Selection {
  /** The keys of the texts that are still to be read, and the size of each in bytes. */
  readonly keys: readonly number[]
  readonly sizes: readonly number[]
  /** All texts, joined by commas, if they were read along. */
  readonly whole: Uint8Array | undefined
  /** Whether more items follow. */
  readonly hasMore: boolean
  /** Where the list goes on, if more follow and these are not events. */
  readonly next: Position | undefined
}

export interface TextsRequest {
  readonly source: Source
  readonly keys: readonly number[]
  /** The size of the largest text, in bytes, when the items were selected. */
  readonly largest: number
}

export interface JsonChunk {
  /** JSON texts, joined by commas. */
  readonly bytes: Uint8Array
  /** For how many of the keys: all, or one if some text has grown. */
  readonly count: number
}

/**
 * The reads of lists and histories, the same on the main thread and on the scan thread. Each needs
 * a transaction of its own.
 */
export type SliceReads = ReturnType<typeof createSliceReads>

/** SQLite joins the texts: one value crosses over to JavaScript, as bytes, not one string a row. */
export const createSliceReads = (db: Database) => {
  const nextPosition = createNextPosition(db)
  const perSource = <T>(create: (source: Source) => T): Record<Source, T> => ({
    tasks: create('tasks'),
    records: create('records'),
    events: create('events'),
  })
  const ofKeys = perSource((source) => createStatementCache(db, (leg) => keysSql(source, leg)))
  const ofWhole = perSource((source) => createStatementCache(db, (leg) => wholeSql(source, leg)))
  const ofTexts = perSource((source) => db.prepare(textsSql(source)))
  const ofValues = createStatementCache(db, valuesSql)

  /** Reads leg after leg, until there is one item more than the limit. */
  const readLegs = <Row extends SizeRow>(
    { legs, limit }: SelectRequest,
    prepare: (leg: ListStatement) => Statement,
    ...more: readonly number[]
  ): Row[] => {
    const rows: Row[] = []
    let left = limit + 1
    for (const leg of legs) {
      if (left === 0) break
      const row = prepare(leg).get(...leg.parameters, left, ...more) as unknown as Row
      if (row.count > 0) rows.push(row)
      left -= row.count
    }
    return rows
  }

  /** Selects the items with their texts; undefined if the texts are too large. */
  const selectWhole = (request: SelectRequest): Selection | undefined => {
    const { source, limit, wholeBytes, sort } = request
    const largest = Math.floor(SCRATCH_BYTES / (limit + 1))
    const rows = readLegs<TextRow>(request, ofWhole[source], largest)
    const found = toNumbers(rows.map(({ sizes }) => sizes))
    const joined = joinTexts(rows)
    const sizes = found.slice(0, limit)
    const length = joinedLength(sizes)
    if (length > wholeBytes || joined.length !== joinedLength(found)) return undefined
    const whole = joined.subarray(0, length)
    const hasMore = found.length > limit
    const last = whole.subarray(length - (sizes.at(-1) ?? 0))
    const next = hasMore && sort ? nextPosition.afterText(last, sort) : undefined
    return { keys: [], sizes: [], whole, hasMore, next }
  }

  const selectKeys = (request: SelectRequest): Selection => {
    const { source, limit, sort } = request
    const rows = readLegs<KeyRow>(request, ofKeys[source])
    const found = toNumbers(rows.map((row) => row.keys))
    const keys = found.slice(0, limit)
    const sizes = toNumbers(rows.map((row) => row.sizes)).slice(0, limit)
    const hasMore = found.length > limit
    const next = hasMore && sort ? nextPosition.afterKey(source, keys.at(-1) ?? 0, sort) : undefined
    return { keys, sizes, whole: undefined, hasMore, next }
  }

  /** Leaves out the texts that are larger than `largest`. */
  const readTexts = (source: Source, keys: readonly number[], largest: number) =>
    ofTexts[source].get(`[${keys.join()}]`, largest) as unknown as SelectedTextsRow

  return {
    select: (request: SelectRequest): Selection =>
      (request.wholeBytes > 0 ? selectWhole(request) : undefined) ?? selectKeys(request),

    texts({ source, keys, largest }: TextsRequest): JsonChunk {
      const row = readTexts(source, keys, largest)
      if (row.larger === 0) return { bytes: row.texts ?? EMPTY, count: keys.length }
      return { bytes: readTexts(source, keys.slice(0, 1), ALL).texts ?? EMPTY, count: 1 }
    },

    /**
     * The values that a statement selects as `json`, in one JSON array. Its last parameter is the
     * number of rows.
     */
    values(leg: ListStatement, limit: number): string {
      const row = ofValues(leg).get(...leg.parameters, limit)
      return `[${row?.['json'] ?? ''}]`
    },
  }
}

const toNumbers = (lists: readonly string[]): number[] => JSON.parse(`[${lists.join()}]`)

/** The length of texts of these sizes, joined by commas. */
const joinedLength = (sizes: readonly number[]): number =>
  sizes.reduce((sum, size) => sum + size, Math.max(0, sizes.length - 1))

const joinTexts = (rows: readonly TextRow[]): Buffer => {
  const [first = EMPTY, ...others] = rows.map(({ texts }) => texts ?? EMPTY)
  return others.length === 0
    ? toBuffer(first)
    : Buffer.concat([first, ...others.flatMap((one) => [COMMA, one])])
}

/** No text is larger. */
const ALL = Number.MAX_SAFE_INTEGER

const EMPTY = new Uint8Array(0)
const COMMA = Buffer.from(',')

/** The same bytes, seen as a Buffer. */
export const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
