import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** What starts a server of the test's own, which may be frozen and killed: CONTRIBUTING says how to have it. */
const TOOL =
  process.env.MONGODB_SERVER_TOOL ??
  fileURLToPath(new URL('../../../shared/tools/mongodb-server', import.meta.url))

/** The two processes of the server: one speaks the protocol, the other keeps the data. */
export type Part = 'ferretdb' | 'postgres'

const run = promisify(execFile)

/** A server that is not started yet: its address and its folder are the test's own, or the file's when `onEnd` is afterAll. */
export const createServerPlace = async (
  onEnd: (clean: () => Promise<void>) => void = onTestFinished,
) => {
  const folder = mkdtempSync(join(tmpdir(), 'mongodb-test-'))
  const port = await freePort()
  let pids: Record<Part, number> | undefined
  let ferretdb: readonly string[] = []
  let data: string | undefined

  const launch = async (): Promise<Record<Part, number>> => {
    const { stdout } = await run(TOOL, ['start', folder, String(port)])
    const pid = (name: string): number =>
      Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(stdout)?.[1])
    return { ferretdb: pid('FERRETDB_PID'), postgres: pid('POSTGRES_PID') }
  }

  const start = async (): Promise<void> => {
    pids = await launch()
    ferretdb = readFileSync(`/proc/${pids.ferretdb}/cmdline`, 'utf8').split('\0').slice(0, -1)
    data = readlinkSync(`/proc/${pids.postgres}/cwd`)
  }

  /** To a process and its children, of which it makes no more meanwhile. */
  const signal = (part: Part, name: NodeJS.Signals): void => {
    const pid = pids?.[part]
    if (pid === undefined) throw new Error('the server is not started')
    sendSignal(pid, 'SIGSTOP')
    for (const one of [...childrenOf(pid), pid]) sendSignal(one, name)
  }

  const gone = async (part: Part): Promise<void> => {
    const pid = pids?.[part]
    for (
      const end = performance.now() + 10_000;
      performance.now() < end && existsSync(`/proc/${pid}`);
    )
      await sleep(20)
  }

  const kill = async (part: Part): Promise<void> => {
    signal(part, 'SIGKILL')
    await gone(part)
  }

  onEnd(async () => {
    if (pids !== undefined) for (const part of ['ferretdb', 'postgres'] as const) await kill(part)
    if (data !== undefined && existsSync(join(data, 'PG_VERSION')))
      rmSync(data, { recursive: true, force: true, maxRetries: 5 })
    rmSync(folder, { recursive: true, force: true })
  })

  return {
    url: `mongodb://127.0.0.1:${port}`,
    start,
    freeze: (part: Part): void => signal(part, 'SIGSTOP'),
    thaw: (part: Part): void => signal(part, 'SIGCONT'),

    kill,

    /** Starts again, on the same data, what was killed. */
    async restart(part: Part): Promise<void> {
      if (pids === undefined) throw new Error('the server is not started')
      if (part === 'postgres') {
        const { postgres } = await launch() // Its second process finds the port taken by the one that still is there, and ends.
        pids = { ...pids, postgres }
        return
      }
      const [command = '', ...args] = ferretdb
      const child = spawn(command, args, { detached: true, stdio: 'ignore' })
      child.unref()
      await once(child, 'spawn')
      pids = { ...pids, ferretdb: Number(child.pid) }
    },
  }
}

const sendSignal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}

const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)

/** The fourth field; the second is a name in parentheses. */
const parentOf = (pid: number): number => {
  try {
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) \S /s, '')
        .split(' ')[0],
    )
  } catch {
    return 0
  }
}

/** Below those that the kernel gives to outgoing connections; the data's process takes the one 20,000 above. */
const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 2700)
    if ((await isFree(port)) && (await isFree(port + 20_000))) return port
  }
}

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, '127.0.0.1')
  const [event] = await Promise.race([
    once(server, 'listening').then(() => ['listening']),
    once(server, 'error').then(
      () => ['error'],
      () => ['error'],
    ),
  ])
  server.close()
  return event === 'listening'
}
