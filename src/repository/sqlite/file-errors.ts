import { StartupError } from '../startup-error.ts'
import { SQLITE, sqliteCode } from './driver.ts'

/**
 * Runs what touches a file; what the system or SQLite says against it becomes an StartupError of one
 * line that names the file.
 */
export const withFileErrors = <T>(path: string, open: () => T): T => {
  try {
    return open()
  } catch (error) {
    const reason = reasonOf(error)
    throw reason === undefined ? error : new StartupError(`${path} ${reason}`, { cause: error })
  }
}

const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof StartupError) return undefined
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EISDIR') return 'cannot be opened: it is a directory'
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return 'cannot be written: this user may not write to its directory'
  if (code === 'ENOENT') return 'not found'
  if (code === 'ENOSPC') return 'cannot be written: the disk is full'
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return 'cannot be created: part of the path is not a directory'
  switch (sqliteCode(error)) {
    case SQLITE.notADatabase:
      return 'is not an SQLite database'
    case SQLITE.corrupt:
      return 'is damaged: restore it from a backup'
    case SQLITE.readOnly:
    case SQLITE.cannotOpen:
      return 'cannot be written: check the permissions of the file and its directory'
    case SQLITE.full:
      return 'cannot be written: the disk is full'
    case SQLITE.ioError:
      return 'cannot be read or written: the disk is failing'
    case SQLITE.busy:
      return 'is locked by another program'
    default:
      return undefined
  }
}
