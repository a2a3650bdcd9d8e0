import { existsSync, rmSync } from 'node:fs'
import { OpenError } from '../open-error.ts'
import { type Database, openDatabase } from './binding.ts'
import { explained } from './explained.ts'
import { MIGRATIONS } from './migrations.ts'
import { APPLICATION_ID, readPragma, refuseNewer } from './origin.ts'

/**
 * Looks into a file of tasks without changing it. Throws OpenError for one that is absent, not ours
 * or newer than this program.
 */
export const lookInto = <T>(path: string, look: (db: Database) => T): T =>
  explained(path, () => {
    if (!existsSync(path)) throw new OpenError(`${path} not found`)
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
    throw new OpenError(`${path} is not a task-manager-api database`)
  refuseNewer(path, version, MIGRATIONS.length)
}

/**
 * Writes all that is in a database, the write-ahead log included, into a new file or an empty one.
 * It is one read: whatever was committed before it began is there, whatever others commit meanwhile
 * is not. (node:sqlite's backup() copies page by page and begins anew with each write of another
 * process.)
 */
export const copyInto = (db: Database, copy: string): void =>
  void db.prepare('VACUUM INTO ?').run(copy)

/** Removes what a copy that failed, or was cut short, has left. */
export const removeCopy = (copy: string): void => {
  for (const path of [copy, `${copy}-journal`]) rmSync(path, { force: true })
}

/**
 * Reads a whole file and returns how many tasks it holds. Throws OpenError for one that is damaged.
 */
export const countWhole = (path: string): number =>
  lookInto(path, (db) => {
    const { integrity_check } = db.prepare('PRAGMA integrity_check(1)').get() as {
      integrity_check: string
    }
    if (integrity_check !== 'ok')
      throw new OpenError(`${path} is damaged: ${integrity_check.split('\n')[0]}`)
    return (db.prepare('SELECT count(*) AS count FROM tasks').get() as { count: number }).count
  })
