import { existsSync, rmSync } from 'node:fs'
import { StartupError } from '../startup-error.ts'
import { type Database, openDatabase } from './driver.ts'
import { withFileErrors } from './file-errors.ts'
import { APPLICATION_ID, readPragma, refuseNewer } from './file-identity.ts'
import { MIGRATIONS } from './migrations.ts'

/**
 * Looks into a file of tasks without changing it. Throws StartupError for one that is absent, not ours
 * or newer than this program.
 */
export const withReadOnly = <T>(path: string, look: (db: Database) => T): T =>
  withFileErrors(path, () => {
    if (!existsSync(path)) throw new StartupError(`${path} not found`)
    const db = openDatabase(path, { readOnly: true })
    try {
      refuseForeign(path, db)
      return look(db)
    } finally {
      db.close()
    }
  })

const refuseForeign = (path: string, db: Database): void => {
  const version = readPragma(db, 'user_version')
  if (readPragma(db, 'application_id') !== APPLICATION_ID || version === 0)
    throw new StartupError(`${path} is not a task-manager-api database`)
  refuseNewer(path, version, MIGRATIONS.length)
}

/**
 * Writes the whole database, the write-ahead log included, into a new or empty file. It is one
 * read: it has what was committed before it began, and nothing after. (node:sqlite's backup()
 * copies page by page and starts again with each write of another process.)
 */
export const copyInto = (db: Database, copy: string): void =>
  void db.prepare('VACUUM INTO ?').run(copy)

/** Removes what a copy that failed, or was cut short, has left. */
export const removeCopy = (copy: string): void => {
  for (const path of [copy, `${copy}-journal`]) rmSync(path, { force: true })
}

/**
 * Reads a whole file and returns how many tasks it holds. Throws StartupError for one that is damaged.
 */
export const verifyAndCount = (path: string): number =>
  withReadOnly(path, (db) => {
    const { integrity_check } = db.prepare('PRAGMA integrity_check(1)').get() as {
      integrity_check: string
    }
    if (integrity_check !== 'ok')
      throw new StartupError(`${path} is damaged: ${integrity_check.split('\n')[0]}`)
    return (db.prepare('SELECT count(*) AS count FROM tasks').get() as { count: number }).count
  })
