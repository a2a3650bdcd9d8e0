import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '#src/repository/sqlite/driver.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK, type Task } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { newContext } from '../request-context.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import { answerTo, begin } from './exchange.ts'

const TASKS = 20_000
const WRITTEN = 2000
const LINES = 16
const MIB = 1024 * 1024

/** In all about 70 MB: far more than the memory that a list may take and than the buffers of a connection. */
const DESCRIPTION = '-'.repeat(3500)

/** In the title of every task, the seeded and the later ones. */
const COMMON_WORD = 'common'

const seeded = mkdtempSync(join(tmpdir(), 'task-test-'))
afterAll(() => rmSync(seeded, { recursive: true, force: true }))

beforeAll(async () => {
  const repository = openSqliteRepository(join(seeded, 'open.db'), TASK)
  const service = createTaskService({ table: TASK, repository, newId: createUuids(undefined) })
  for (let index = 0; index < TASKS; index += 250) {
    const drafts = Array.from({ length: 250 }, (_, more) => ({
      title: `${((index + more) * 7919) % TASKS} ${COMMON_WORD}`,
      description: DESCRIPTION,
    }))
    await Promise.all(drafts.map((draft) => service.create(newContext(), draft)))
  }
  await repository.close()
  const db = openDatabase(join(seeded, 'open.db'))
  db.exec(`VACUUM INTO '${join(seeded, 'tasks.db')}'`)
  db.close()
}, 60_000)

const startSeeded = async (): Promise<{ service: RunningProcess; path: string }> => {
  const path = join(createFolder(), 'tasks.db')
  copyFileSync(join(seeded, 'tasks.db'), path)
  return { service: await startProcess({ DATABASE_URL: `sqlite:${path}` }, createFolder()), path }
}

/** The memory that a process holds, in bytes. */
const residentOf = ({ child }: RunningProcess): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024

/** Reads a list a little at a time until told to hurry; resolves with its text. */
const readSlowly = (url: string) => {
  let isHurried = false
  const read = async (): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of await answerTo(begin(url, 'GET').end())) {
      chunks.push(chunk)
      if (!isHurried) await sleep(50)
    }
    return Buffer.concat(chunks).toString()
  }
  const text = read()
  text.catch(() => {})
  return {
    async finish() {
      isHurried = true
      return JSON.parse(await text) as Task[]
    },
  }
}

/** Creates tasks one after the other in several lines, so that there are many commits; tells of each. */
const createMany = async (url: string, count: number, onCreated: () => void): Promise<void> => {
  const line = async (): Promise<void> => {
    for (let index = 0; index < count / LINES; index++) {
      const body = JSON.stringify({
        title: `later ${COMMON_WORD} ${index}`,
        description: DESCRIPTION,
      })
      const response = await fetch(`${url}/tasks`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(response.status).toBe(201)
      await response.arrayBuffer()
      onCreated()
    }
  }
  await Promise.all(Array.from({ length: LINES }, line))
}

test('a client that reads a long list very slowly neither fills the memory nor holds back the write-ahead log', {
  timeout: 60_000,
}, async () => {
  const { service, path } = await startSeeded()
  await createMany(service.url, 160, () => {})
  const before = residentOf(service)
  const slow = readSlowly(`${service.url}/tasks`)
  let [memory, log] = [0, 0]
  for (let samples = 0; samples < 20; samples++) {
    await sleep(50)
    memory = Math.max(memory, residentOf(service))
  }
  expect((memory - before) / MIB).toBeLessThan(50)

  await createMany(service.url, WRITTEN, () => {
    log = Math.max(log, statSync(`${path}-wal`).size)
  })
  expect(log / MIB).toBeLessThan(40)

  const tasks = await slow.finish()
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length)
  expect(tasks.length).toBeGreaterThanOrEqual(TASKS + 160)
})

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN

const timed = async (url: string): Promise<number> => {
  const began = performance.now()
  const response = await fetch(url)
  expect(response.status).toBe(200)
  await response.arrayBuffer()
  return performance.now() - began
}

test('a read by id does not wait for the heavy searches that run meanwhile', {
  timeout: 60_000,
}, async () => {
  const { service } = await startSeeded()
  const [task] = (await (await fetch(`${service.url}/tasks?limit=1`)).json()) as Task[]
  const search = `${service.url}/tasks?q=${COMMON_WORD}&sort=title&limit=50`
  const one = `${service.url}/tasks/${task?.id}`
  await Promise.all([timed(search), timed(one)])
  const searches: number[] = []
  const reads: number[] = []
  const searching = async (): Promise<void> => {
    for (let count = 0; count < 6; count++) searches.push(await timed(search))
  }
  const isSearching = Promise.all([searching(), searching()]).then(() => false)
  for (let count = 0; count < 5000; count++) {
    reads.push(await timed(one))
    if (!(await Promise.race([isSearching, sleep(2, true)]))) break
  }
  await isSearching

  expect(reads.length).toBeGreaterThan(10)
  expect(median(reads)).toBeLessThan(median(searches) / 2)
})

describe('2,000 tasks with descriptions of 65,000 characters', () => {
  const LONG_TASKS = 2000
  const folder = mkdtempSync(join(tmpdir(), 'task-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  beforeAll(async () => {
    const repository = openSqliteRepository(join(folder, 'tasks.db'), TASK)
    const service = createTaskService({
      table: TASK,
      repository,
      newId: createUuids(undefined),
    })
    const draft = { title: 'long', description: 'a bc '.repeat(13_000) }
    for (let index = 0; index < LONG_TASKS; index += 100)
      await Promise.all(Array.from({ length: 100 }, () => service.create(newContext(), draft)))
    await repository.close()
  }, 60_000)

  const start = async (): Promise<RunningProcess> => {
    const path = join(createFolder(), 'tasks.db')
    copyFileSync(join(folder, 'tasks.db'), path)
    /** With the flag that `npm start` and the image give to Node.js. */
    const env = { DATABASE_URL: `sqlite:${path}`, NODE_OPTIONS: '--max-semi-space-size=4' }
    return startProcess(env, createFolder())
  }

  /** The most memory that a process ever held, in MiB. */
  const peakOf = ({ child }: RunningProcess): number =>
    Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) /
    1024

  /** Reads an answer and throws its bytes away; resolves with their number. */
  const measure = async (url: string): Promise<number> => {
    let size = 0
    for await (const chunk of await answerTo(begin(url, 'GET').end()))
      size += (chunk as Buffer).length
    return size
  }

  test('are read by eight clients at once within 200 MB', { timeout: 60_000 }, async () => {
    const service = await start()
    const sizes = await Promise.all(
      Array.from({ length: 8 }, () => measure(`${service.url}/tasks`)),
    )
    for (const size of sizes) expect(size).toBeGreaterThan(LONG_TASKS * 65_000)
    expect(peakOf(service)).toBeLessThan(200)
  })

  test('are read as eight pages of 1,000 within 256 MB', { timeout: 60_000 }, async () => {
    const service = await start()
    const sizes = await Promise.all(
      Array.from({ length: 8 }, () => measure(`${service.url}/tasks?limit=1000`)),
    )
    for (const size of sizes) expect(size).toBeGreaterThan(1000 * 65_000)
    expect(peakOf(service)).toBeLessThan(256)
  })

  test.each(['identity', 'gzip'])(
    'are asked for by 500 clients that read nothing within 200 MB (%s)',
    {
      timeout: 60_000,
    },
    async (encoding) => {
      const service = await start()
      const { hostname, port } = new URL(service.url)
      const request = `GET /tasks HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: ${encoding}\r\n\r\n`
      const stalled = Array.from({ length: 500 }, () => connect(Number(port), hostname).pause())
      for (const socket of stalled) socket.on('error', () => {}).write(request)
      await sleep(5000)
      expect((await fetch(`${service.url}/tasks?limit=1`)).status).toBe(200)
      expect(peakOf(service)).toBeLessThan(200)
      for (const socket of stalled) socket.destroy()
      expect(await measure(`${service.url}/tasks`)).toBeGreaterThan(LONG_TASKS * 65_000)
    },
  )
})
