import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const ENGINE = ['--cgroup-manager', 'cgroupfs', '--runtime', 'runc']

/** Runs podman and returns what it printed. Throws with what it complained of. */
export const podman = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)('podman', [...ENGINE, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout.trim()
}

/** The image that deploy/image/check.sh built, and its twin from a second build. */
const named = (variable: string): string => {
  const name = process.env[variable]
  if (name === undefined) throw new Error(`${variable} is not set: run deploy/image/check.sh`)
  return name
}
export const IMAGE = named('IMAGE')
export const TWIN = named('IMAGE_TWIN')

/** Everything that a careful operator takes away from a container. The memory is what the service may have at most. */
const HARDENED = [
  ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:size=16m'],
  ...['--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
  ...['--memory', '256m', '--memory-swap', '256m', '--pids-limit', '100'],
  ...['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'],
]

export interface Container {
  readonly name: string
  readonly url: string
  exec(...command: string[]): Promise<string>
  /** Sends SIGTERM, SIGKILL 15 s later, and resolves with the exit code. */
  stop(): Promise<number>
  /** Starts it again and waits until it is ready. */
  start(): Promise<void>
  remove(): Promise<void>
}

export interface ContainerOptions {
  /** The volume for /data, one of its own unless given. */
  readonly volume?: string
  /** What `podman run` gets in addition. */
  readonly args?: readonly string[]
  /** `--publish` through a bridge network, else the network of the host. */
  readonly isPublished?: boolean
}

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const waitUntilReady = async (url: string, name: string): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    const isReady = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await sleep(50)
  }
  throw new Error(`${name} does not become ready: ${await podman('logs', name)}`)
}

/** A volume that goes with its test. */
export const createVolume = async (): Promise<string> => {
  const name = `task-${randomUUID()}`
  await podman('volume', 'create', name)
  onTestFinished(async () => void (await podman('volume', 'rm', '--force', name)))
  return name
}

/** Runs a command in a container of the image that goes when it ends, hardened and without a network. */
export const runOnce = (
  volume: string,
  entrypoint: readonly string[],
  ...command: string[]
): Promise<string> =>
  podman(
    'run',
    '--rm',
    ...HARDENED,
    '--network',
    'none',
    '-v',
    `${volume}:/data`,
    ...entrypoint,
    IMAGE,
    ...command,
  )

/** Runs the image, hardened, and resolves once it is ready. */
export const startContainer = async ({
  volume,
  args = [],
  isPublished = false,
}: ContainerOptions = {}): Promise<Container> => {
  const name = `task-${randomUUID()}`
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const network = isPublished
    ? ['-p', `127.0.0.1:${port}:8000`]
    : ['--network', 'host', '-e', `PORT=${port}`]
  const data = ['-v', `${volume ?? (await createVolume())}:/data`]
  const remove = async (): Promise<void> => void (await podman('rm', '--force', '--ignore', name))
  onTestFinished(remove)
  await podman(
    'run',
    '-d',
    '--name',
    name,
    '--health-interval',
    'disable',
    ...HARDENED,
    ...network,
    ...data,
    ...args,
    IMAGE,
  )
  await waitUntilReady(url, name)
  return {
    name,
    url,
    exec: (...command) => podman('exec', name, ...command),
    async stop() {
      await podman('stop', '-t', '15', name)
      return Number(await podman('inspect', name, '--format', '{{.State.ExitCode}}'))
    },
    async start() {
      await podman('start', name)
      await waitUntilReady(url, name)
    },
    remove,
  }
}
