import { closeSync, existsSync, openSync } from 'node:fs'
import { StartupError } from '../startup-error.ts'
import { SQLITE, sqliteCode } from './driver.ts'
import { withFileErrors } from './file-errors.ts'
import { renameDurably } from './fsync.ts'
import { copyInto, removeCopy, verifyAndCount, withReadOnly } from './snapshot.ts'

/**
 * Writes a whole copy of the database at `path` to the new file `file`, also while a service writes
 * to the database, and returns how many tasks it holds. `file` has its name only once it is checked
 * and on disk. Throws StartupError, with nothing left behind.
 */
export const backupSqlite = (path: string, file: string): number =>
  withReadOnly(path, (db) => {
    const partial = `${file}.partial`
    reserve(partial)
    try {
      refuseTaken(file)
      explainedCopy(path, partial, () => copyInto(db, partial))
      const count = verifyAndCount(partial)
      refuseTaken(file)
      withFileErrors(file, () => renameDurably(partial, file))
      return count
    } catch (error) {
      removeCopy(partial)
      throw error
    }
  })

/** Made by us alone, so that of two backups to one file the second is refused. */
const reserve = (partial: string): void => {
  if (existsSync(partial))
    throw new StartupError(
      `${partial} exists: another backup is being written, or one was cut short; remove it in that case`,
    )
  withFileErrors(partial, () => closeSync(openSync(partial, 'wx')))
}

const refuseTaken = (file: string): void => {
  if (existsSync(file)) throw new StartupError(`${file} exists: a backup never overwrites a file`)
}

/**
 * What goes wrong while a file is copied is a matter of the copy, unless it is said of what is
 * read.
 */
const explainedCopy = (path: string, copy: string, run: () => void): void => {
  try {
    run()
  } catch (error) {
    const code = sqliteCode(error)
    const isSource = code === SQLITE.corrupt || code === SQLITE.notADatabase || code === SQLITE.busy
    withFileErrors(isSource ? path : copy, () => {
      throw error
    })
  }
}
