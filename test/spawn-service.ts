import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

/** A bare environment: nothing of the developer's own configuration reaches the process. */
const environment = (env: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, ...env })

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
  /** Everything that it printed so far. */
  readonly output: () => string
  /** Where it listens; rejects with what it printed when it ends before. */
  readonly listening: Promise<string>
}

/** The real service as its users start it, on a free port unless `env` says otherwise. */
export const spawnService = (
  env: Readonly<Record<string, string>>,
  cwd: string,
  launcher: readonly string[] = [],
): SpawnedService => {
  const child = spawnCommand(['serve'], { PORT: '0', ...env }, cwd, launcher)
  let printed = ''
  const listening = new Promise<string>((resolve, reject) => {
    const onData = (data: Buffer): void => {
      printed += String(data)
      const found = /API +(http:\/\/\S+)\/tasks/.exec(printed)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    child.once('exit', (code) => reject(new Error(`exit ${code}: ${printed}`)))
  })
  return { child, output: () => printed, listening }
}
