import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartupError } from '../startup-error.ts'
import { openDatabase, SQLITE, sqliteCode } from './driver.ts'
import { lockFile, realPath } from './file.ts'
import { withFileErrors } from './file-errors.ts'
import { APPLICATION_ID, hasApplicationId } from './file-identity.ts'
import { linkOrCopy, renameDurably } from './fsync.ts'
import { copyInto, removeCopy, verifyAndCount, withReadOnly } from './snapshot.ts'

export interface Restored {
  readonly count: number
  /** Where the database is that was there before; undefined if there was none. */
  readonly before: string | undefined
}

/**
 * Puts the tasks of `file` in the place of the database at `path`, which no process may have, and
 * sets that one aside as `PATH.before-restore-N`. At each moment `path` is the old database or the
 * new one. Throws StartupError with the database as it was.
 */
export const restoreSqlite = (path: string, file: string): Restored => {
  const target = realPath(path)
  if (existsSync(file) && realPath(file) === target)
    throw new StartupError(`${file} is the database itself`)
  verifyAndCount(file)
  return withFileErrors(target, () => {
    mkdirSync(dirname(target), { recursive: true })
    const lock = lockFile(target)
    try {
      return replace(target, file)
    } finally {
      lock.close()
    }
  })
}

const replace = (target: string, file: string): Restored => {
  const partial = `${target}.restoring`
  removeCopy(partial)
  try {
    withReadOnly(file, (db) => withFileErrors(partial, () => copyInto(db, partial)))
    const count = verifyAndCount(partial)
    const before = existsSync(target) ? setAside(target) : undefined
    renameDurably(partial, target)
    return { count, before }
  } catch (error) {
    removeCopy(partial)
    throw error
  }
}

/**
 * Gives the present database a second name; one that is damaged keeps its write-ahead log beside
 * it.
 */
const setAside = (target: string): string => {
  const isFolded = fold(target)
  const before = freeName(target)
  linkOrCopy(target, before)
  if (!isFolded && existsSync(`${target}-wal`)) renameSync(`${target}-wal`, `${before}-wal`)
  rmSync(`${target}-shm`, { force: true })
  return before
}

const freeName = (target: string): string => {
  for (let count = 1; ; count++) {
    const name = `${target}.before-restore-${count}`
    if (!existsSync(name) && !existsSync(`${name}-wal`)) return name
  }
}

const UNREADABLE = new Set<number | undefined>([SQLITE.corrupt, SQLITE.notADatabase])

/**
 * Moves the write-ahead log into the file, so that the file alone is complete; false if it is too
 * damaged for that. Leaving WAL mode needs exclusive access, so another reader (a backup) is
 * detected here.
 */
const fold = (target: string): boolean => {
  try {
    refuseOtherProgram(target)
    const db = openDatabase(target, { timeout: 1000 })
    try {
      db.exec('PRAGMA journal_mode = DELETE')
      return !existsSync(`${target}-wal`)
    } finally {
      db.close()
    }
  } catch (error) {
    if (UNREADABLE.has(sqliteCode(error))) return false
    throw error
  }
}

/**
 * Looks before anything is folded: another program's database stays as it is. A newer one of ours
 * may be replaced. A function takes what is found, as a prepared statement would keep the file
 * locked beyond close() in the binding for older Node.js.
 */
const refuseOtherProgram = (target: string): void => {
  /**
   * A checkpoint was interrupted. A read-only connection cannot roll it back; opening the file to
   * write does.
   */
  if (existsSync(`${target}-journal`) && hasApplicationId(target)) return
  const db = openDatabase(target, { readOnly: true })
  let isForeign = false
  try {
    db.function('found', (id, parts) => {
      isForeign = id !== APPLICATION_ID && parts !== 0
      return null
    })
    db.exec(
      'SELECT found(application_id, (SELECT count(*) FROM sqlite_schema)) FROM pragma_application_id',
    )
  } finally {
    db.close()
  }
  if (isForeign)
    throw new StartupError(`${target} is a database of another program and is not replaced`)
}
