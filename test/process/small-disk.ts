import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, rmSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { createFolder } from '../start-app.ts'

/** A small disk of a test's own, which only the processes that are launched onto it see. */
export interface SmallDisk {
  /** Where it is, for them. */
  readonly folder: string
  /** Starts a process that sees it. */
  readonly launcher: readonly string[]
  fill(): void
  free(): void
}

/** What cannot be had is an error in CI, where it must be tried, and a warning elsewhere. */
const cannotTry = (what: string, why: string): void => {
  const message = `not run: ${what} (${why})`
  if (process.env.CI) throw new Error(message)
  console.warn(message)
}

const SIZE = '8m'

/** A tmpfs in a mount namespace, which a process that only waits keeps alive. Undefined where that is not permitted. */
export const openSmallDisk = async (): Promise<SmallDisk | undefined> => {
  const folder = createFolder()
  const mount = `mount -t tmpfs -o size=${SIZE} tmpfs "$0" && echo ready && exec cat`
  const holder = spawn('unshare', ['-m', 'sh', '-c', mount, folder], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void holder.kill('SIGKILL'))
  const refusal = await readiness(holder)
  if (refusal !== undefined) {
    cannotTry('a full disk', refusal)
    return undefined
  }
  const ballast = `/proc/${holder.pid}/root${folder}/ballast`
  return {
    folder,
    launcher: ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, '--'],
    fill: () => fill(ballast),
    free: () => rmSync(ballast),
  }
}

/** Undefined once it is ready, else why it will not be. */
const readiness = async (holder: ChildProcess): Promise<string | undefined> => {
  let said = ''
  holder.stderr?.on('data', (data) => (said += String(data)))
  const failed = once(holder, 'close').then(() => said.trim() || 'unshare failed')
  const ready = once(holder.stdout ?? holder, 'data').then(() => undefined)
  return Promise.race([ready, failed]).catch((error: unknown) => String(error))
}

/** Writes ever smaller pieces until not even a byte has room. */
const fill = (path: string): void => {
  for (let size = 1024 * 1024; size >= 1; ) {
    try {
      appendFileSync(path, Buffer.alloc(size))
    } catch {
      size = size >> 1
    }
  }
}

/** Whether strace is there and may watch a process, as it must in CI. */
export const canTrace = (): boolean => {
  const { status } = spawnSync('strace', [
    '-D',
    '-f',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync',
    'true',
  ])
  if (status !== 0) cannotTry('what is asked of the disk', 'strace cannot be used')
  return status === 0
}
