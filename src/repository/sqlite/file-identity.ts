import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { StartupError } from '../startup-error.ts'
import { type Database, openDatabase } from './driver.ts'

/** Marks a file as ours ("task" in ASCII), so that another program's database is never touched. */
export const APPLICATION_ID = 0x7461736b

export const readPragma = (db: Database, name: string): number =>
  Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])

/**
 * Refuses a file that is not ours or newer than this program, before anything is made beside it: by
 * its first bytes (https://www.sqlite.org/fileformat2.html#the_database_header), and by what is in
 * it where these are not the last word.
 */
export const checkOrigin = (path: string, known: number): void => {
  const header = readHeader(path)
  if (header.length === 0) return
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    throw new StartupError(`${path} is not an SQLite database`)
  const isOurs = isMarked(header)
  if (isOurs) refuseNewer(path, header.readUInt32BE(60), known)
  if (!isOurs || existsSync(`${path}-wal`)) checkContent(path, known)
}

/**
 * Whether the file header has our application id. An interrupted write may not be rolled back yet,
 * so nothing more can be known.
 */
export const hasApplicationId = (path: string): boolean => isMarked(readHeader(path))

const isMarked = (header: Buffer): boolean =>
  header.length > 0 && header.readUInt32BE(68) === APPLICATION_ID

const readHeader = (path: string): Buffer => {
  if (!existsSync(path)) return Buffer.alloc(0)
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(100)
    return readSync(file, header) === 0 ? Buffer.alloc(0) : header
  } finally {
    closeSync(file)
  }
}

const FOREIGN =
  'is a database of another program: DATABASE_URL must name a file of this service or a new one'

/** Throws StartupError where a file of `version` was written by a newer program. */
export const refuseNewer = (path: string, version: number, known: number): void => {
  if (version > known) {
    throw new StartupError(
      `${path} has schema version ${version}, this program knows versions up to ${known}: start a newer version of it`,
    )
  }
}

/**
 * Looks without writing: closing a connection that may write would fold a foreign write-ahead log
 * into its file.
 */
const checkContent = (path: string, known: number): void => {
  const db = openDatabase(path, { readOnly: true })
  try {
    const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
    if (!isEmpty && readPragma(db, 'application_id') !== APPLICATION_ID)
      throw new StartupError(`${path} ${FOREIGN}`)
    refuseNewer(path, readPragma(db, 'user_version'), known)
  } finally {
    db.close()
  }
}
