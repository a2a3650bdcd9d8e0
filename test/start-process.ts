import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

export interface RunningProcess {
  /** Where it listens. */
  readonly url: string
  readonly child: ChildProcess
  /** Everything that it printed so far. */
  readonly output: () => string
  /** Sends a signal and resolves with the exit code (null when the signal ended it). */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
}

/** A bare environment: nothing of the developer's own configuration reaches the process. */
const environment = (env: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, ...env })

/**
 * Starts the real service as its users do, on a free port, and resolves once it says where it is. `launcher` is a
 * command to start it through (`nsenter …`) that becomes it, keeping its process id.
 */
export const startProcess = async (
  env: Readonly<Record<string, string>>,
  cwd: string,
  launcher: readonly string[] = [],
): Promise<RunningProcess> => {
  const [command = process.execPath, ...args] = [...launcher, process.execPath, CLI, 'serve']
  const child = spawn(command, args, {
    cwd,
    env: environment({ PORT: '0', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  const url = await new Promise<string>((resolve, reject) => {
    const onData = (data: Buffer): void => {
      printed += String(data)
      const found = /API +(http:\/\/\S+)\/tasks/.exec(printed)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    child.once('exit', (code) => reject(new Error(`exit ${code}: ${printed}`)))
  })
  return {
    url,
    child,
    output: () => printed,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      await once(child, 'exit')
      return child.exitCode
    },
  }
}

/** A command that has not ended by then is killed: a service that should have refused to start runs on. */
const PATIENCE_MS = 5000

/**
 * Runs the command to its end; the code is null when it had to be killed, after `patience` milliseconds. `launcher` is a
 * command to start it through.
 */
export const runCommand = async (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  launcher: readonly string[] = [],
  patience = PATIENCE_MS,
) => {
  const [command = process.execPath, ...rest] = [...launcher, process.execPath, CLI, ...args]
  const child = spawn(command, rest, { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const cut = setTimeout(() => child.kill('SIGKILL'), patience)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += String(data)))
  child.stderr.on('data', (data) => (stderr += String(data)))
  await once(child, 'close')
  clearTimeout(cut)
  return { code: child.exitCode, stdout, stderr }
}
