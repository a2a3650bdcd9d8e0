import type { Position, Sort } from '../../core/task-query.ts'
import type { Database, SQLInputValue, Statement } from './binding.ts'
import type { Leg } from './list-plan.ts'
import { createNextPosition } from './next-position.ts'

/** How many statements are kept prepared; a list has as many shapes as there are choices of filters. */
const PREPARED_STATEMENTS = 200

/** The most that texts which are read along with a selection may come to while they are joined, in bytes. */
const SCRATCH_BYTES = 1024 * 1024

/** Where items are. Their sizes are found without reading their texts. */
const SOURCES = {
  tasks: { table: 'tasks', key: 'tasks.key', text: 'tasks.json', size: 'octet_length(tasks.json)' },
  records: {
    table: 'records',
    key: 'records.key',
    text: 'records.json',
    size: 'octet_length(records.json)',
  },
  events: {
    table: 'events',
    key: 'events.sequence',
    text: `'{"sequence":' || events.sequence || ',' || substr(events.json, 2)`,
    size: `octet_length(events.json) + length(events.sequence) + ${'{"sequence":'.length}`,
  },
  /** Events of 0.1.0 do not have their version in their text. */
  oldEvents: {
    table: 'events',
    key: 'events.sequence',
    text: `'{"sequence":' || events.sequence || ',"version":' || events.version || ',' || substr(events.json, 2)`,
    size: `octet_length(events.json) + length(events.sequence) + length(events.version) + ${'{"sequence":,"version":'.length}`,
  },
} as const
type Source = keyof typeof SOURCES

export interface SelectRequest {
  readonly source: Source
  /** The order of the tasks or records; absent for events. */
  readonly sort?: Sort
  /** Each selects keys in order. */
  readonly legs: readonly Leg[]
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
  /** Where the list goes on, if these are no events and more follow. */
  readonly next: Position | undefined
}

export interface TextsRequest {
  readonly source: Source
  readonly keys: readonly number[]
  /** The size of the largest text, in bytes, when the items were selected. */
  readonly largest: number
}

export interface Texts {
  /** Joined by commas. */
  readonly bytes: Uint8Array
  /** For how many of the keys: all, or one if some text has grown. */
  readonly count: number
}

/** The reads of lists and histories, the same on the main thread and on the scan thread. Each needs a transaction of its own. */
export type SliceReads = ReturnType<typeof createSliceReads>

/** SQLite joins the texts itself: one value crosses over to JavaScript, as bytes, instead of one string a row. */
export const createSliceReads = (db: Database) => {
  const statements = new Map<string, Statement>()
  const nextPosition = createNextPosition(db)

  const prepared = (sql: string): Statement => {
    const statement = statements.get(sql) ?? db.prepare(sql)
    statements.delete(sql)
    statements.set(sql, statement)
    const oldest = statements.keys().next()
    if (statements.size > PREPARED_STATEMENTS && !oldest.done) statements.delete(oldest.value)
    return statement
  }

  const selectRows = ({ source, legs, limit, wholeBytes }: SelectRequest): Rows[] => {
    const largest = wholeBytes === 0 ? NONE : Math.floor(SCRATCH_BYTES / (limit + 1))
    const parts: Rows[] = []
    let left = limit + 1
    for (const { sql, parameters } of legs) {
      if (left === 0) break
      const rows = prepared(selectSql(source, sql, parameters)).get(
        ...parameters,
        left,
        largest,
      ) as unknown as Rows
      if (rows.count > 0) parts.push(rows)
      left -= rows.count
    }
    return parts
  }

  /** Leaves out the texts that are larger than `largest`. */
  const readTexts = (
    source: Source,
    keys: readonly number[],
    largest: number,
  ): { bytes: Uint8Array; larger: number } => {
    const row = prepared(textsSql(source)).get(`[${keys.join()}]`, largest) as unknown as TextsRow
    return { bytes: row.bytes ?? EMPTY, larger: row.larger }
  }

  return {
    select(request: SelectRequest): Selection {
      const { source, limit, wholeBytes, sort } = request
      const parts = selectRows(request)
      const found = toNumbers(parts.map(({ sizes }) => sizes))
      const sizes = found.slice(0, limit)
      const length = joinedLength(sizes)
      const texts = length > wholeBytes ? undefined : joinTexts(parts, joinedLength(found))
      const hasMore = found.length > limit
      if (texts !== undefined) {
        const whole = texts.subarray(0, length)
        const last = toBuffer(whole.subarray(length - (sizes.at(-1) ?? 0)))
        const next = hasMore && sort ? nextPosition.afterText(last, sort) : undefined
        return { keys: [], sizes: [], whole, hasMore, next }
      }
      const keys = toNumbers(parts.map((part) => part.keys)).slice(0, limit)
      const next =
        hasMore && sort ? nextPosition.afterKey(source, keys.at(-1) ?? 0, sort) : undefined
      return { keys, sizes, whole: undefined, hasMore, next }
    },

    texts({ source, keys, largest }: TextsRequest): Texts {
      const { bytes, larger } = readTexts(source, keys, largest)
      if (larger === 0) return { bytes, count: keys.length }
      return { bytes: readTexts(source, keys.slice(0, 1), ALL).bytes, count: 1 }
    },

    /** The values that a statement selects as `json`, in one JSON array. Its last parameter is the number of rows. */
    values({ sql, parameters }: Leg, limit: number): string {
      const row = prepared(`SELECT group_concat(json, ',') AS json FROM (${sql})`).get(
        ...parameters,
        limit,
      )
      return `[${row?.['json'] ?? ''}]`
    },
  }
}

/** What one leg selected. */
interface Rows {
  readonly count: number
  /** Both separated by commas. */
  readonly keys: string
  readonly sizes: string
  /** The texts that are small enough, joined by commas. */
  readonly texts: Uint8Array | null
}

const toNumbers = (lists: readonly string[]): number[] => JSON.parse(`[${lists.join()}]`)

interface TextsRow {
  readonly bytes: Uint8Array | null
  /** How many texts were left out. */
  readonly larger: number
}

/** The length of texts of these sizes, joined by commas. */
const joinedLength = (sizes: readonly number[]): number =>
  sizes.reduce((sum, size) => sum + size, Math.max(0, sizes.length - 1))

/** The texts of all parts, unless some of them were too large to be read along: all together have this length. */
const joinTexts = (parts: readonly Rows[], length: number): Uint8Array | undefined => {
  const [first = EMPTY, ...others] = parts.map(({ texts }) => texts ?? EMPTY)
  const texts =
    others.length === 0 ? first : Buffer.concat([first, ...others.flatMap((one) => [COMMA, one])])
  return texts.length === length ? texts : undefined
}

/** No text is as small, and none larger. */
const [NONE, ALL] = [-1, Number.MAX_SAFE_INTEGER]

const EMPTY = new Uint8Array(0)
const COMMA = Buffer.from(',')

/** After a leg's own parameters come the number of rows and the size of the largest text to read along. */
export const selectSql = (
  source: Source,
  sql: string,
  parameters: readonly SQLInputValue[],
): string => {
  const { table, key, size, text } = SOURCES[source]
  return `SELECT group_concat(page.key) AS keys, group_concat(${size}) AS sizes, count(*) AS count,
    CAST(group_concat(${text}, ',') FILTER (WHERE ${size} <= ?${parameters.length + 2}) AS BLOB) AS texts
    FROM (${sql}) AS page CROSS JOIN ${table} ON ${key} = page.key`
}

const textsSql = (source: Source): string => {
  const { table, key, size, text } = SOURCES[source]
  return `SELECT CAST(group_concat(${text}, ',') FILTER (WHERE ${size} <= ?2) AS BLOB) AS bytes,
    count(*) FILTER (WHERE ${size} > ?2) AS larger
    FROM json_each(?1) AS selected CROSS JOIN ${table} ON ${key} = selected.value`
}

/** The same bytes, seen as a Buffer. */
export const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
