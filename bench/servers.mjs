// The processes that are measured: the service, and the limit beside it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** As `npm start` has it. */
const NODE = [process.execPath, '--max-semi-space-size=4']
const START_MS = 60_000
const POLL_MS = 10

const inProject = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** The cores that this process may use (man 5 proc), such as `0-3,8`. */
const allowedCores = () => {
  const list =
    /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** Pins this process, which makes the load, to the second core. Returns how to start servers on the first, if both exist. */
const pin = () => {
  const [first, second] = allowedCores()
  if (second === undefined || spawnSync('taskset', ['--version']).status !== 0) return []
  spawnSync('taskset', ['-a', '-cp', String(second), String(process.pid)])
  return ['taskset', '-c', String(first)]
}

/** Starts servers; `close` ends them and removes their files. */
export const openServers = () => {
  const pinned = pin()
  const folder = mkdtempSync(join(tmpdir(), 'task-bench-'))
  const children = []

  /** Resolves with the URL that the command prints. Its output goes to a file, not through this process. */
  const launch = async (command, env) => {
    const path = join(folder, `${children.length}.log`)
    const log = openSync(path, 'a')
    const [program, ...args] = [...pinned, ...command]
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', log, log],
    })
    children.push(child)
    for (let waited = 0; waited < START_MS && child.exitCode === null; waited += POLL_MS) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(path, 'utf8'))?.[0]
      if (url !== undefined) return { url, pid: child.pid, child }
      await setTimeout(POLL_MS)
    }
    throw new Error(`${command.join(' ')} did not start: ${readFileSync(path, 'utf8')}`)
  }

  return {
    isPinned: pinned.length > 0,

    /** The built service in its default configuration, on a database that is kept until `close`. */
    startService: () =>
      launch([...NODE, inProject('dist/cli.js'), 'serve'], {
        PORT: '0',
        DATABASE_URL: `sqlite:${join(folder, 'tasks.db')}`,
      }),

    /** A server that does nothing but give these answers (baseline-server.mjs). */
    startLimit: (answers) =>
      launch([...NODE, inProject('bench/baseline-server.mjs'), JSON.stringify(answers)], {}),

    async stop({ child }) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },

    close() {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** The processor time that a process has used, user and system, in µs: fields 14 and 15 of /proc/PID/stat, in 1/100 s. */
export const processorTime = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Its resident memory in MB. */
export const residentMemory = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
