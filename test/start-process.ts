import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { spawnCommand, spawnService } from './spawn-service.ts'

export interface RunningProcess {
  /** Where it listens. */
  readonly url: string
  readonly child: ChildProcess
  /** Everything that it has printed so far. */
  readonly output: () => string
  /** The part of it on standard output. */
  readonly stdout: () => string
  /** Sends a signal and resolves with the exit code (null when the signal ended it). */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
}

/**
 * Starts the real service as its users do, on a free port, and resolves once it says where it is. `launcher` is a
 * command to start it through (`nsenter …`) that becomes it, keeping its process id.
 */
export const startProcess = async (
  env: Readonly<Record<string, string>>,
  cwd: string,
  launcher: readonly string[] = [],
): Promise<RunningProcess> => {
  const { child, output, stdout, listening } = spawnService(env, cwd, launcher)
  onTestFinished(() => void child.kill('SIGKILL'))
  const url = await listening
  return {
    url,
    child,
    output,
    stdout,
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
  const child = spawnCommand(args, env, cwd, launcher)
  onTestFinished(() => void child.kill('SIGKILL'))
  const cut = setTimeout(() => child.kill('SIGKILL'), patience)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += String(data)))
  child.stderr.on('data', (data) => (stderr += String(data)))
  await once(child, 'close')
  clearTimeout(cut)
  return { code: child.exitCode, stdout, stderr }
}
