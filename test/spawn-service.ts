import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

/** A bare environment: nothing of the developer's own configuration reaches the process. */
const environment = (env: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  ...env,
})

/** Runs the built command. `launcher` is a command to start it through (`nsenter …`) that becomes it, keeping its process id. */
export const spawnCommand = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  launcher: readonly string[] = [],
): ChildProcessByStdio<null, Readable, Readable> => {
  const [command = process.execPath, ...rest] = [...launcher, process.execPath, CLI, ...args]
  return spawn(command, rest, { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] })
}

export interface SpawnedService {
  readonly child: ChildProcess
  /** Everything that it has printed so far. */
  readonly output: () => string
  /** The part of it on standard output. */
  readonly stdout: () => string
  /** Where it listens; rejects with what it printed when it ends before. */
  readonly listening: Promise<string>
}

/** Where it listens: in the log at level info, or in the banner on a terminal. */
const URL_PRINTED = /(?:"url":"|API +)(http:\/\/[^"\s/]+)/

/** The real service, on a free port unless `env` has one. LOG_LEVEL must be info or lower. */
export const spawnService = (
  env: Readonly<Record<string, string>>,
  cwd: string,
  launcher: readonly string[] = [],
): SpawnedService => {
  const child = spawnCommand(['serve'], { PORT: '0', ...env }, cwd, launcher)
  let [printed, stdout] = ['', '']
  const keep = (data: Buffer): void => {
    printed += String(data)
  }
  child.stdout.on('data', (data) => (stdout += String(data)))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const listening = new Promise<string>((resolve, reject) => {
    const findUrl = (): void => {
      const found = URL_PRINTED.exec(stdout)?.[1]
      if (found === undefined) return
      child.stdout.off('data', findUrl)
      resolve(found)
    }
    child.stdout.on('data', findUrl)
    child.once('exit', (code) => reject(new Error(`exit ${code}: ${printed}`)))
  })
  return { child, output: () => printed, stdout: () => stdout, listening }
}
