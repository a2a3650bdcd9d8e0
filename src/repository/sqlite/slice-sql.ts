import type { ListStatement } from './list-plan.ts'

/**
 * Where items are. `octet_length` finds the size of a text without reading it
 * (https://www.sqlite.org/lang_corefunc.html#octet_length).
 */
const SOURCES = {
  tasks: { table: 'tasks', key: 'tasks.key', text: 'tasks.json', size: 'octet_length(tasks.json)' },
  records: {
    table: 'records',
    key: 'records.key',
    text: 'records.json',
    size: 'octet_length(records.json)',
  },
  /** With the columns that the text leaves out. */
  events: {
    table: 'events',
    key: 'events.sequence',
    text: `format('{"sequence":%d,"resource_id":"%s","version":%d,', events.sequence, events.resource_id, events.version) || substr(events.json, 2)`,
    size: `octet_length(events.json) + length(events.sequence) + length(events.version) + length(events.resource_id) + ${'{"sequence":,"resource_id":"","version":'.length}`,
  },
} as const
export type Source = keyof typeof SOURCES

export interface SizeRow {
  readonly count: number
  /** Separated by commas. */
  readonly sizes: string
}

export interface KeyRow extends SizeRow {
  /** Separated by commas. */
  readonly keys: string
}

export interface TextRow extends SizeRow {
  /** Joined by commas; the texts that are too large are left out. */
  readonly texts: Uint8Array | null
}

export interface SelectedTextsRow {
  /** Joined by commas. */
  readonly texts: Uint8Array | null
  /** How many texts were left out because they are too large. */
  readonly larger: number
}

/** The keys and sizes of the items that a leg selects. The parameters are the leg's own. */
export const keysSql = (source: Source, { sql }: ListStatement): string => {
  const { table, key, size } = SOURCES[source]
  return `SELECT count(*) AS count, group_concat(page.key) AS keys, group_concat(${size}) AS sizes
    FROM (${sql}) AS page CROSS JOIN ${table} ON ${key} = page.key`
}

/**
 * The sizes and texts of the items that a leg selects. After the parameters of the leg, the last of
 * which is the number of rows, comes the size of the largest text to read.
 */
export const wholeSql = (source: Source, { sql, parameters }: ListStatement): string => {
  const { table, key, size, text } = SOURCES[source]
  const largest = `?${parameters.length + 2}`
  return `SELECT count(*) AS count, group_concat(${size}) AS sizes,
    CAST(group_concat(${text}, ',') FILTER (WHERE ${size} <= ${largest}) AS BLOB) AS texts
    FROM (${sql}) AS page CROSS JOIN ${table} ON ${key} = page.key`
}

/** The parameters are the keys, as a JSON array, and the size of the largest text to read. */
export const textsSql = (source: Source): string => {
  const { table, key, size, text } = SOURCES[source]
  return `SELECT CAST(group_concat(${text}, ',') FILTER (WHERE ${size} <= ?2) AS BLOB) AS texts,
    count(*) FILTER (WHERE ${size} > ?2) AS larger
    FROM json_each(?1) AS selected CROSS JOIN ${table} ON ${key} = selected.value`
}

/** The values that a leg selects as `json`, joined by commas. The parameters are the leg's own. */
export const valuesSql = ({ sql }: ListStatement): string =>
  `SELECT group_concat(json, ',') AS json FROM (${sql})`
