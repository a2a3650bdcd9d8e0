import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartupError } from '../startup-error.ts'
import { type Database, openDatabase, SQLITE, sqliteCode } from './driver.ts'
import { withFileErrors } from './file-errors.ts'
import { checkOrigin } from './file-identity.ts'
import { migrate } from './migrate.ts'
import { MIGRATIONS } from './migrations.ts'

export const IN_MEMORY = ':memory:'

export interface OpenFile {
  readonly db: Database
  close(): void
}

/**
 * Opens the file, makes it where there is none, and brings its schema up to date. One process owns
 * it at a time. Throws StartupError, having changed nothing, for a file that is not ours, newer than
 * this program, locked or unwritable.
 */
export const openFile = (path: string, migrations = MIGRATIONS): OpenFile => {
  if (path === IN_MEMORY) {
    const db = openDatabase(path)
    return { db: prepare(db, undefined, migrations), close: () => db.close() }
  }
  return withFileErrors(path, () => {
    const file = realPath(path)
    checkOrigin(file, migrations.length)
    mkdirSync(dirname(file), { recursive: true })
    const lock = lockFile(file)
    try {
      const db = prepare(openDatabase(file), file, migrations)
      return {
        db,
        close() {
          db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
          db.close()
          lock.close()
        },
      }
    } catch (error) {
      lock.close()
      throw error
    }
  })
}

const prepare = (
  db: Database,
  file: string | undefined,
  migrations: readonly string[],
): Database => {
  try {
    configure(db)
    migrate(db, file, migrations)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Durable before the answer: FULL makes each WAL commit wait for its fsync. The driver's default
 * may differ.
 */
export const configure = (db: Database): void => {
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -8000;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
  `)
}

/** The file itself, so that two names of one file are one file. */
export const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path)

/** Held for the life of the process and dropped by the system when it dies, however it dies. */
export const lockFile = (path: string): Database => {
  const lock = openDatabase(`${path}.lock`, { timeout: 1000 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (sqliteCode(error) === SQLITE.busy)
      throw new StartupError(
        `${path} is in use by another process: one process owns the file at a time`,
      )
    throw error
  }
}
