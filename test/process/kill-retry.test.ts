import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import { expectWhole, lookInto, numberOf } from './file-copy.ts'
import { sendChanges, statusesOf } from './keyed-changes.ts'

const TWINS = 50

const start = (folder: string): Promise<RunningProcess> => startProcess({}, folder)

const post = (url: string, key: string, body: unknown): Promise<Response> =>
  sendJson(url, 'POST', body, { 'idempotency-key': key })

const databaseOf = (folder: string): string => join(folder, 'data/tasks.db')

/** Resolves when the write-ahead log has grown: a commit is on its way to the disk, or has just got there. */
const logGrown = async (folder: string): Promise<void> => {
  const size = () => statSync(`${databaseOf(folder)}-wal`).size
  const before = size()
  for (const end = performance.now() + 5000; performance.now() < end && size() <= before; )
    await nextTurn()
}

/**
 * Once the process writes, lets it run for a moment at a time until the query counts something in the file.
 * The process is then stopped where it is. Resolves with the number.
 */
const freezeWhen = async (
  { child }: RunningProcess,
  folder: string,
  sql: string,
  moment: () => Promise<void>,
) => {
  await logGrown(folder)
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    child.kill('SIGSTOP')
    const count = lookInto(databaseOf(folder), (db) => numberOf(db, sql))
    if (count > 0) return count
    child.kill('SIGCONT')
    await moment()
  }
  throw new Error(`never anything: ${sql}`)
}

/** One round of twins that all wait when the service goes on, are killed in their midst and retried. True when it was killed before any twin was answered. */
const killTwins = async (folder: string, key: string): Promise<boolean> => {
  const service = await start(folder)
  const bodies: string[] = []
  service.child.kill('SIGSTOP')
  const twins = Array.from({ length: TWINS }, async () => {
    const response = await post(`${service.url}/tasks`, key, { title: key })
    bodies.push(await response.text())
  })
  const settled = Promise.allSettled(twins)
  await sleep(50)
  service.child.kill('SIGCONT')
  await freezeWhen(service, folder, `SELECT count(*) FROM tasks WHERE title = '${key}'`, nextTurn)
  await service.end('SIGKILL')
  await settled
  const isUnanswered = bodies.length === 0

  const again = await start(folder)
  const answers = await Promise.all(
    Array.from({ length: TWINS }, () => post(`${again.url}/tasks`, key, { title: key })),
  )
  for (const answer of answers) {
    expect(answer.status).toBe(201)
    bodies.push(await answer.text())
  }
  const tasks = (await read<Task[]>(`${again.url}/tasks`)).filter(({ title }) => title === key)
  expect(tasks).toHaveLength(1)
  expect(new Set(bodies)).toEqual(new Set([JSON.stringify(tasks[0])]))
  expect(await read(`${again.url}/tasks/${tasks[0]?.id}/events`)).toHaveLength(1)
  await again.end('SIGKILL')
  return isUnanswered
}

test(`${TWINS} requests with one Idempotency-Key make one task, also when the service is killed between commit and answers`, {
  timeout: 60_000,
}, async () => {
  const folder = createFolder()
  let isProven = false
  for (let round = 0; round < 10 && !isProven; round++)
    isProven = await killTwins(folder, `twins${round}`)
  lookInto(databaseOf(folder), expectWhole)
  expect(isProven).toBe(true)
})

/** So many tasks to begin with, and what the batch does to them and beside them: 1,000 operations. */
const CREATED = 400
const UPDATED = 300
const COMPLETED = 200
const DELETED = 100

const createTasks = async (url: string, count: number): Promise<string[]> => {
  const operations = Array.from({ length: count }, (_, index) => ({
    op: 'create',
    task: { title: `old ${index}` },
  }))
  const { results } = (await (
    await post(`${url}/tasks/batch`, 'before', { operations })
  ).json()) as { results: { task: Task }[] }
  return results.map(({ task }) => task.id)
}

/** Updates and completions share tasks, so that a repeated operation would show as a version too many. */
const toOperations = (ids: readonly string[]) => [
  ...Array.from({ length: CREATED }, (_, index) => ({
    op: 'create',
    task: { title: `new ${index}` },
  })),
  ...ids
    .slice(0, UPDATED)
    .map((id, index) => ({ op: 'update', id, task: { title: `changed ${index}` } })),
  ...ids.slice(0, COMPLETED).map((id) => ({ op: 'complete', id })),
  ...ids.slice(UPDATED, UPDATED + DELETED).map((id) => ({ op: 'delete', id })),
]

/** The file and the answer after a batch that has done each of its operations once. */
const expectDoneOnce = async (
  url: string,
  ids: readonly string[],
  answer: Response,
  folder: string,
): Promise<void> => {
  const operations = toOperations(ids)
  expect(answer.status).toBe(200)
  const { results } = (await answer.json()) as { results: { status: number; task?: Task }[] }
  const tasks = new Map((await read<Task[]>(`${url}/tasks`)).map((task) => [task.id, task]))
  expect(results.map(({ status }) => status)).toEqual(
    operations.map(({ op }) => ({ create: 201, delete: 204 })[op] ?? 200),
  )
  expect(tasks.size).toBe(CREATED + UPDATED)
  for (const [index, { task }] of results.slice(0, CREATED).entries()) {
    expect(tasks.get(task?.id ?? '')).toMatchObject({ title: `new ${index}`, version: 1 })
  }
  for (const [index, id] of ids.slice(0, UPDATED).entries()) {
    const end =
      index < COMPLETED ? { status: 'completed', version: 3 } : { status: 'pending', version: 2 }
    expect(tasks.get(id)).toMatchObject({ title: `changed ${index}`, ...end })
  }
  lookInto(databaseOf(folder), (db) => {
    expectWhole(db)
    expect(numberOf(db, 'SELECT count(*) FROM events')).toBe(UPDATED + DELETED + 1000)
  })
}

/** Far less than a group of commits takes; a timer would be far more on a busy machine. */
const moment = async (): Promise<void> => {
  for (const end = performance.now() + 0.3; performance.now() < end; );
}

/** Kills the service while it carries out a batch and retries it. Resolves with how much was done when it died. */
const killBatch = async (): Promise<number> => {
  const folder = createFolder()
  const service = await start(folder)
  const ids = await createTasks(service.url, UPDATED + DELETED)
  const operations = toOperations(ids)
  expect(operations).toHaveLength(1000)
  const sent = post(`${service.url}/tasks/batch`, 'batch', { operations }).catch(() => undefined)
  const sql = `SELECT count(*) - ${ids.length} FROM events`
  const done = await freezeWhen(service, folder, sql, moment)
  await service.end('SIGKILL')
  await sent
  const { url } = await start(folder)
  await expectDoneOnce(url, ids, await post(`${url}/tasks/batch`, 'batch', { operations }), folder)
  return done
}

test('a batch of 1,000 operations that is killed in its middle does each of them exactly once when it is retried', {
  timeout: 60_000,
}, async () => {
  let done = 1000
  for (let round = 0; round < 5 && done === 1000; round++) done = await killBatch()
  expect(done).toBeLessThan(1000)
})

/** Kills the service while it carries out changes and retries each. Resolves with how many were done when it died. */
const killChanges = async (): Promise<number> => {
  const folder = createFolder()
  const service = await start(folder)
  const ids = await createTasks(service.url, 300)
  const sent = Promise.allSettled(sendChanges(service.url, ids))
  const sql = `SELECT count(*) - ${ids.length} FROM events`
  const done = await freezeWhen(service, folder, sql, moment)
  await service.end('SIGKILL')
  await sent
  const { url } = await start(folder)
  const answers = await Promise.all(sendChanges(url, ids))
  expect(answers.map(({ status }) => status)).toEqual(statusesOf(ids))
  const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')
  expect(replayed).toHaveLength(done)
  lookInto(databaseOf(folder), (db) => {
    expectWhole(db)
    expect(numberOf(db, 'SELECT count(*) FROM events')).toBe(2 * ids.length)
    const changed =
      "SELECT count(*) FROM tasks WHERE version = 2 AND (title = 'changed') + (status = 2) = 1"
    expect(numberOf(db, changed)).toBe(200)
  })
  return done
}

test('changes with an Idempotency-Key that are killed in their midst are done exactly once when they are retried', {
  timeout: 60_000,
}, async () => {
  let done = 300
  for (let round = 0; round < 5 && done === 300; round++) done = await killChanges()
  expect(done).toBeLessThan(300)
})
