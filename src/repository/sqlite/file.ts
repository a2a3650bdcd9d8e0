import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { OpenError } from '../open-error.ts'
import { type Database, openDatabase, SQLITE, sqliteCode } from './binding.ts'
import { MIGRATIONS } from './migrations.ts'

export const IN_MEMORY = ':memory:'

/** Marks a file as ours ("task" in ASCII), so that another program's database is never touched. */
const APPLICATION_ID = 0x7461736b

export interface OpenFile {
  readonly db: Database
  close(): void
}

/**
 * Opens the file, makes it where there is none, and brings its schema up to date. One process owns it at a time.
 * Throws OpenError, having changed nothing, for a file that is not ours, newer than this program, locked or unwritable.
 */
export const openFile = (path: string, migrations = MIGRATIONS): OpenFile => {
  if (path === IN_MEMORY) {
    const db = openDatabase(path)
    configure(db)
    migrate(db, path, migrations)
    return { db, close: () => db.close() }
  }
  return explained(path, () => {
    mkdirSync(dirname(path), { recursive: true })
    const lock = lockFile(realPath(path))
    try {
      checkOrigin(path, migrations.length)
      const db = openDatabase(path)
      try {
        configure(db)
        migrate(db, path, migrations)
      } catch (error) {
        db.close()
        throw error
      }
      return {
        db,
        close: () => {
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

/** Durable before the answer: FULL makes each WAL commit wait for its fsync, whatever the binding's default is. */
export const configure = (db: Database): void => {
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -16000;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
  `)
}

/** The file itself, so that two names of one file are one file. */
const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path)

/** Held for the life of the process and dropped by the system when it dies, however it dies. */
const lockFile = (path: string): Database => {
  const lock = openDatabase(`${path}.lock`, { timeout: 1000 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (sqliteCode(error) === SQLITE.busy)
      throw new OpenError(`${path} is in use by another process: one process owns the file at a time`)
    throw error
  }
}

const pragma = (db: Database, name: string): number => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])

/** Looks without writing: closing a connection that may write would already fold another program's log into its file. */
const checkOrigin = (path: string, known: number): void => {
  if (!existsSync(path) || statSync(path).size === 0) return
  const db = openDatabase(path, { readOnly: true })
  try {
    checkVersions(db, path, known)
  } finally {
    db.close()
  }
}

const checkVersions = (db: Database, path: string, known: number): void => {
  const version = pragma(db, 'user_version')
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (!isEmpty && pragma(db, 'application_id') !== APPLICATION_ID) {
    throw new OpenError(`${path} is a database of another program: DATABASE_URL must name a file of this service or a new one`)
  }
  if (version > known) {
    throw new OpenError(
      `${path} has schema version ${version}, this program knows versions up to ${known}: start a newer version of it`,
    )
  }
}

const migrate = (db: Database, path: string, migrations: readonly string[]): void => {
  const from = pragma(db, 'user_version')
  if (from === migrations.length) return
  if (from > 0 && path !== IN_MEMORY) setAside(db, `${path}.before-v${migrations.length}`)
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const step of migrations.slice(from)) db.exec(step)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** A whole copy, under its name only once it is whole. */
const setAside = (db: Database, copy: string): void => {
  const partial = `${copy}.partial`
  rmSync(partial, { force: true })
  db.prepare('VACUUM INTO ?').run(partial)
  renameSync(partial, copy)
}

const explained = <T>(path: string, open: () => T): T => {
  try {
    return open()
  } catch (error) {
    const reason = reasonOf(error)
    throw reason === undefined ? error : new OpenError(`${path} ${reason}`, { cause: error })
  }
}

const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof OpenError) return undefined
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'cannot be written: this user may not write to its folder'
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'cannot be made: a part of its path is no folder'
  switch (sqliteCode(error)) {
    case SQLITE.notADatabase:
      return 'is not an SQLite database'
    case SQLITE.corrupt:
      return 'is damaged: restore it from a backup'
    case SQLITE.readOnly:
    case SQLITE.cannotOpen:
      return 'cannot be written: check the rights of the file and of its folder'
    case SQLITE.full:
      return 'cannot be written: the disk is full'
    case SQLITE.ioError:
      return 'cannot be read or written: the disk fails'
    case SQLITE.busy:
      return 'is locked by another program'
    default:
      return undefined
  }
}
