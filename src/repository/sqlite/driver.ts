import type { DatabaseSync as Database } from 'node:sqlite'
import { titleKey } from '../../core/title-key.ts'
import { StartupError } from '../startup-error.ts'

export type {
  DatabaseSync as Database,
  SQLInputValue,
  StatementSync as Statement,
} from 'node:sqlite'

/** The oldest Node.js whose own SQLite is stable enough (docs/decisions/sqlite-binding.md). */
const FIRST_WITH_SQLITE = 24

/** Throws StartupError where an older Node.js lacks the optional package. */
const loadSqlite = async (): Promise<typeof import('node:sqlite')> => {
  if (Number.parseInt(process.versions.node, 10) >= FIRST_WITH_SQLITE) return import('node:sqlite')
  try {
    return (await import('@photostructure/sqlite')) as unknown as typeof import('node:sqlite')
  } catch (error) {
    const needs = `SQLite needs Node.js ${FIRST_WITH_SQLITE} or newer, or the package @photostructure/sqlite`
    const advice =
      'which is not installed or does not run here; npm ci --include=optional installs it'
    throw new StartupError(`${needs}, ${advice}`, { cause: error })
  }
}

const { DatabaseSync } = await loadSqlite()

/** The SQL function `title_key` is `titleKey`. */
export const openDatabase = (
  path: string,
  options: { readOnly?: boolean; timeout?: number } = {},
): Database => {
  const db = new DatabaseSync(path, { readOnly: false, timeout: 5000, ...options })
  db.function('title_key', { deterministic: true }, (title) => titleKey(String(title)))
  return db
}

/**
 * SQLite's primary result codes (https://www.sqlite.org/rescode.html) that say something about the
 * file or its disk.
 */
export const SQLITE = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const

/** The primary result code of an error that SQLite raised; undefined for any other error. */
export const sqliteCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined
