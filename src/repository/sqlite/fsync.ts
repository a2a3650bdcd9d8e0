import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Waits until a file, or the names within a folder, are on disk. */
export const syncPath = (path: string): void => {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Renames a file atomically, also across a loss of power, and replaces the target. */
export const renameDurably = (from: string, to: string): void => {
  syncPath(from)
  renameSync(from, to)
  syncPath(dirname(to))
}

/**
 * A second name for a file, else (where the disk knows no such thing) a copy; throws EEXIST when
 * the name is taken.
 */
export const linkOrCopy = (path: string, second: string): void => {
  try {
    linkSync(path, second)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code === 'EEXIST') throw error
    copyFileSync(path, second, constants.COPYFILE_EXCL)
    syncPath(second)
  }
  syncPath(dirname(second))
}
