import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { exchange } from './exchange.ts'
import { canTrace } from './small-disk.ts'

const CALL = /\b(?:fsync|fdatasync)\(/g

/** The service, and how often it has waited for its disk. strace sees the calls themselves; nothing else slows the service down. */
const startTraced = async () => {
  const folder = createFolder()
  const trace = join(folder, 'trace')
  const launcher = [
    'strace',
    '-D',
    '-f',
    '--seccomp-bpf',
    '-o',
    trace,
    '-e',
    'trace=fsync,fdatasync',
  ]
  const { url, child } = await startProcess({}, folder, launcher)
  return { url, child, waits: () => readFileSync(trace, 'utf8').match(CALL)?.length ?? 0 }
}

const body = JSON.stringify({ title: 'Write the report' })
const POST = `POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

const open = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** The first line of an answer, which is short enough to come at once. */
const answered = async (socket: Socket): Promise<string> =>
  String((await once(socket, 'data'))[0]).split('\r\n', 1)[0] ?? ''

/** Stops a process; resolves once it stands still, with each of its threads. */
const freeze = async ({ pid }: ChildProcess): Promise<void> => {
  const isStill = (): boolean =>
    readdirSync(`/proc/${pid}/task`).every((task) =>
      /^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')),
    )
  process.kill(pid ?? 0, 'SIGSTOP')
  while (!isStill()) await sleep(1)
}

/** What came while the service stood still it finds all at once, as it does under load while a commit takes its time. */
test('1,000 new tasks that arrive 50 at a time wait for the disk 20 times', async () => {
  if (!canTrace()) return
  const { url, child, waits } = await startTraced()
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open(url)))
  await exchange(`${url}/tasks`, 'POST', { title: 'The first one' })
  await sleep(100)
  const before = waits()
  for (let wave = 0; wave < 20; wave++) {
    await freeze(child)
    for (const socket of sockets) socket.write(POST)
    await sleep(5)
    const answers = Promise.all(sockets.map(answered))
    child.kill('SIGCONT')
    for (const line of await answers) expect(line).toBe('HTTP/1.1 201 Created')
  }
  await sleep(100)
  expect(waits() - before).toBe(20)
})

test('a batch of 1,000 new tasks waits for the disk 4 times', async () => {
  if (!canTrace()) return
  const { url, waits } = await startTraced()
  await exchange(`${url}/tasks`, 'POST', { title: 'The first one' })
  await sleep(100)
  const before = waits()
  const operations = Array.from({ length: 1000 }, () => ({
    op: 'create',
    task: { title: 'Write the report' },
  }))
  expect((await exchange(`${url}/tasks/batch`, 'POST', { operations })).status).toBe(200)
  await sleep(100)
  expect(waits() - before).toBe(4)
})
