import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { read, sendJson } from '../send-json.ts'
import { type Entry, type Tally, verifyLedger, writeThroughOutage } from './ledger.ts'

/** Within so many milliseconds each request is answered, whatever the database does. */
const ANSWERED_MS = 5000

/** Tries again and again until it holds, and fails with the last reason when it does not in time. */
export const eventually = async <T>(milliseconds: number, check: () => Promise<T>): Promise<T> => {
  const end = performance.now() + milliseconds
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > end) throw error
      await sleep(50)
    }
  }
}

/** Resolves once the service is ready and takes a write. */
export const serves = (url: string, milliseconds = 10_000): Promise<void> =>
  eventually(milliseconds, async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const created = await sendJson(`${url}/tasks`, 'POST', { title: 'probe' })
    expect(created.status).toBe(201)
    const { id } = (await created.json()) as Task
    expect((await fetch(`${url}/tasks/${id}`, { method: 'DELETE' })).status).toBe(204)
  })

/** How often the lag of a busy machine is looked at, in milliseconds. */
const WATCH_MS = 50

/**
 * How soon all must have been answered while something runs. A busy machine adds what it adds to an answer that depends on
 * nothing, and that twice: before the service takes the request and before its sender takes the answer.
 */
export const withLimit = async <T>(
  url: string,
  run: () => Promise<T>,
): Promise<{ result: T; limit: number }> => {
  let isOver = false
  let lag = 0
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const began = performance.now()
      expect((await fetch(`${url}/livez`)).status).toBe(200)
      await sleep(WATCH_MS)
      lag = Math.max(lag, performance.now() - began - WATCH_MS)
    }
  }
  const watching = watch()
  try {
    const result = await run()
    return { result, limit: ANSWERED_MS + 2 * lag }
  } finally {
    isOver = true
    await watching
  }
}

/**
 * Loads a service with writers that each have tasks of their own, lets something happen in the midst of it, and stops. Resolves
 * with what was answered.
 */
export const loadThrough = async (
  url: string,
  owners: readonly Entry[][],
  round: number,
  happen: () => Promise<void>,
) => {
  const tally: Tally = { done: 0, database_unavailable: 0, outcome_unknown: 0, slowest: 0 }
  let isOver = false
  const writers = owners.map((own, writer) =>
    writeThroughOutage(url, own, `r${round}w${writer}`, tally, () => isOver),
  )
  const written = Promise.all(writers)
  const { limit } = await withLimit(url, async () => {
    await Promise.race([happen(), written])
    isOver = true
    await written
  })
  return { ...tally, limit }
}

/** The tasks, once they stay as they are: a write that was sent before a server froze, or a service died, may still be made. */
export const settledTasks = async (url: string): Promise<Task[]> => {
  let before = await read<Task[]>(`${url}/tasks`)
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    await sleep(400)
    const now = await read<Task[]>(`${url}/tasks`)
    if (JSON.stringify(now) === JSON.stringify(before)) return now
    before = now
  }
  throw new Error('the tasks never stay as they are')
}

/** Sends each creation again that was not confirmed: it is made now, or was before. */
const retryCreations = async (url: string, entries: readonly Entry[]): Promise<void> => {
  for (const entry of entries) {
    if (entry.attempt?.op !== 'create') continue
    const { title } = entry.attempt
    const response = await sendJson(
      `${url}/tasks`,
      'POST',
      { title, labels: ['a', 'b'] },
      { 'idempotency-key': title },
    )
    expect(response.status).toBe(201)
    entry.task = (await response.json()) as Task
    entry.attempt = undefined
  }
}

/** What was answered is there, once; what was not confirmed is there whole or not at all; and its retry settles it. */
export const expectKept = async (url: string, owners: readonly Entry[][]): Promise<void> => {
  /** What surely was not made is forgotten. */
  for (const own of owners)
    own.splice(
      0,
      own.length,
      ...own.filter(({ task, attempt }) => task !== undefined || attempt !== undefined),
    )
  const before = await settledTasks(url)
  expect(new Set(before.map(({ title }) => title)).size).toBe(before.length)
  await retryCreations(url, owners.flat())
  verifyLedger(owners, await read<Task[]>(`${url}/tasks`))
}

interface TaskEvent {
  readonly sequence: number | null
  readonly type: string
}

/** Each task has an event for each of its versions, and in the end all of them have their place in the sequence, each another one. */
export const expectHistories = async (url: string, tasks: readonly Task[]): Promise<void> => {
  const sequences: number[] = []
  for (const { id, version } of tasks) {
    const events = await eventually(10_000, async () => {
      const found = await read<TaskEvent[]>(`${url}/tasks/${id}/events`)
      expect(found.filter(({ sequence }) => sequence === null)).toEqual([])
      return found
    })
    expect(events).toHaveLength(version)
    const own = events.map(({ sequence }) => Number(sequence))
    expect(own).toEqual([...own].sort((a, b) => a - b))
    sequences.push(...own)
  }
  expect(new Set(sequences).size).toBe(sequences.length)
}
