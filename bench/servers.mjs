// The servers that are measured: each a process on a core of its own.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** As `npm start` has it: a small nursery holds the memory down and costs no speed. */
const NURSERY = '--max-semi-space-size=4'
const START_MS = 60_000

const inProject = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** The cores that this process may use (man 5 proc), such as `0-3,8`. */
const allowedCores = () => {
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** Gives the servers one core and this process, which makes the load, another; undefined where that cannot be. */
const shareCores = () => {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version']).status !== 0) return undefined
  const [first, second] = allowedCores()
  if (second === undefined) return undefined
  spawnSync('taskset', ['-a', '-cp', String(second), String(process.pid)])
  return first
}

/**
 * A place for servers and their files, all gone once it is closed.
 * @param {string} node  the Node.js that runs ours
 */
export const openServers = (node) => {
  const core = shareCores()
  const folder = mkdtempSync(join(tmpdir(), 'task-bench-'))
  const children = []

  /** Starts any command that prints its URL; resolves with it. Its output goes to a file, not through this process. */
  const launch = async (command, { env = {}, cwd = folder, pattern = /http:\/\/127\.0\.0\.1:\d+/, ipc = false } = {}) => {
    const path = join(folder, `${children.length}.log`)
    const log = openSync(path, 'a')
    const [program, ...args] = core === undefined ? command : ['taskset', '-c', String(core), ...command]
    const child = spawn(program, args, {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', log, log, ...(ipc ? ['ipc'] : [])],
    })
    children.push(child)
    for (let waited = 0; waited < START_MS && child.exitCode === null; waited += 20) {
      const url = pattern.exec(readFileSync(path, 'utf8'))?.[0]
      if (url !== undefined) return { url, child, pid: child.pid }
      await setTimeout(20)
    }
    throw new Error(`${command.join(' ')} did not start: ${readFileSync(path, 'utf8')}`)
  }

  return {
    folder,
    isPinned: core !== undefined,
    launch,

    /** The built service in its default configuration, save what `env` says. */
    startService: (env, flags = []) =>
      launch([node, NURSERY, ...flags, inProject('dist/cli.js'), 'serve'], { env: { PORT: '0', ...env } }),

    /** The server that does nothing. `answerWith(list)` tells it what to answer from then on. */
    async startLimit() {
      const server = await launch([node, NURSERY, inProject('bench/limit-server.mjs')], { ipc: true })
      const answerWith = async (answers) => {
        server.child.send(answers)
        await once(server.child, 'message')
      }
      return { ...server, answerWith }
    },

    /** The command of the service, for who starts it by hand. */
    serviceCommand: [
      ...(core === undefined ? [] : ['taskset', '-c', String(core)]),
      node,
      NURSERY,
      inProject('dist/cli.js'),
      'serve',
    ],

    async stop({ child }) {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },

    close() {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** A process and those it started. */
const family = (pid) => {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return [pid, ...children.flatMap(family)]
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)

/** The processor time that a server has used, user and system, in microseconds: fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
export const processorTime = (pid) =>
  sum(
    family(pid).map((one) => {
      const fields = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1].split(' ')
      return (Number(fields[11]) + Number(fields[12])) * 10_000
    }),
  )

/** Its resident memory in MB. */
export const residentMemory = (pid) =>
  sum(family(pid).map((one) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0) / 1024))
