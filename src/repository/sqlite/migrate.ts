import type { Database } from './driver.ts'
import { APPLICATION_ID, readPragma } from './file-identity.ts'
import { renameDurably } from './fsync.ts'
import { copyInto, removeCopy } from './snapshot.ts'

/**
 * Brings the schema up to date in one transaction, after a copy of a file that holds data is set
 * aside as `PATH.before-vN`.
 */
export const migrate = (
  db: Database,
  path: string | undefined,
  migrations: readonly string[],
): void => {
  const from = readPragma(db, 'user_version')
  if (from === migrations.length) return
  if (from > 0 && path !== undefined) setAside(db, `${path}.before-v${migrations.length}`)
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const step of migrations.slice(from)) db.exec(step)
    if (from > 0 && migrations.length >= KEY_VALUES_SINCE) db.exec(NOTE_EARLIER_TEXTS)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** The version since which there are `key_values`. */
const KEY_VALUES_SINCE = 6

/** The texts of an earlier version may lack fields, and are completed when they are read. */
const NOTE_EARLIER_TEXTS = `
  INSERT OR REPLACE INTO key_values SELECT 'has_earlier_texts', 'true'
  WHERE EXISTS (SELECT 1 FROM tasks) OR EXISTS (SELECT 1 FROM events)`

/** A whole copy, under its name only once it is whole and on disk. */
const setAside = (db: Database, copy: string): void => {
  const partial = `${copy}.partial`
  removeCopy(partial)
  copyInto(db, partial)
  renameDurably(partial, copy)
}
