import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { sendJson } from '../send-json.ts'

/** What a writer asked for last and was not answered. */
export type Attempt =
  | { readonly op: 'create'; readonly title: string }
  | { readonly op: 'update'; readonly title: string }
  | { readonly op: 'complete' }
  | { readonly op: 'delete' }

/** One task as its only writer knows it: as it was answered last, and perhaps one unanswered step further. */
export interface Entry {
  task: Task | undefined
  isDeleted: boolean
  attempt: Attempt | undefined
}

const chooseAttempt = (entry: Entry, title: string): Attempt => {
  if (entry.task === undefined) return { op: 'create', title }
  const dice = Math.random()
  if (dice < 0.5) return { op: 'update', title }
  return dice < 0.75 ? { op: 'complete' } : { op: 'delete' }
}

const send = (url: string, { task }: Entry, attempt: Attempt): Promise<Response> => {
  const one = `${url}/tasks/${task?.id}`
  switch (attempt.op) {
    case 'create': {
      const draft = { title: attempt.title, labels: ['a', 'b'] }
      return sendJson(`${url}/tasks`, 'POST', draft, { 'idempotency-key': attempt.title })
    }
    case 'update':
      return sendJson(one, 'PATCH', { title: attempt.title })
    case 'complete':
      return sendJson(`${one}/complete`, 'POST')
    case 'delete':
      return sendJson(one, 'DELETE')
  }
}

const STATUS = { create: 201, update: 200, complete: 200, delete: 204 } as const

/** What an answer says of its write: made, surely not made (`database_unavailable`), or perhaps made (`outcome_unknown`). */
export type Outcome = 'done' | 'database_unavailable' | 'outcome_unknown'

/** One write, begun and, unless the service dies meanwhile, answered. What may have been made stays an attempt. */
const write = async (url: string, entry: Entry, title: string): Promise<Outcome> => {
  const attempt = chooseAttempt(entry, title)
  entry.attempt = attempt
  const response = await send(url, entry, attempt)
  const body = await response.text()
  const outcome = outcomeOf(response.status, body)
  if (outcome === 'done') {
    expect(`${response.status} ${attempt.op}`, body).toBe(`${STATUS[attempt.op]} ${attempt.op}`)
    if (attempt.op === 'delete') entry.isDeleted = true
    else entry.task = JSON.parse(body) as Task
  }
  if (outcome !== 'outcome_unknown') entry.attempt = undefined
  return outcome
}

const outcomeOf = (status: number, body: string): Outcome => {
  const { code } = status === 503 ? JSON.parse(body) : { code: undefined }
  return code === 'database_unavailable' || code === 'outcome_unknown' ? code : 'done'
}

/** A task of the writer's own that waits for no answer, or a new one. */
const chooseEntry = (own: Entry[]): Entry => {
  const living = own.filter(({ isDeleted, attempt }) => !isDeleted && attempt === undefined)
  const known = Math.random() < 0.65 ? living[Math.floor(Math.random() * living.length)] : undefined
  const entry = known ?? { task: undefined, isDeleted: false, attempt: undefined }
  if (known === undefined) own.push(entry)
  return entry
}

/** Writes to tasks of its own, some old and some new, until the service dies; every title is used once. */
const writeUntilKilled = async (
  url: string,
  own: Entry[],
  prefix: string,
  isKilled: () => boolean,
): Promise<void> => {
  for (let count = 0; count < 100_000; count++) {
    try {
      expect(await write(url, chooseEntry(own), `${prefix}x${count}`)).toBe('done')
    } catch (error) {
      if (isKilled() && error instanceof TypeError) return
      throw error
    }
  }
}

/** The tasks of so many writers, none yet. */
export const createOwners = (writers = 32): Entry[][] =>
  Array.from({ length: writers }, (): Entry[] => [])

/** Loads a service with writers that each have tasks of their own, for so many milliseconds, and ends it in the midst of it. */
export const loadAndEnd = async (
  url: string,
  owners: readonly Entry[][],
  prefix: string,
  milliseconds: number,
  end: () => Promise<unknown>,
): Promise<void> => {
  let isEnding = false
  const writers = owners.map((own, writer) =>
    writeUntilKilled(url, own, `${prefix}w${writer}`, () => isEnding),
  )
  await sleep(milliseconds)
  isEnding = true
  await end()
  await Promise.all(writers)
}

/** How often each outcome came, and the longest that an answer took, in milliseconds. */
export interface Tally extends Record<Outcome, number> {
  slowest: number
}

/** The same with a service that lives and a database that does not, until it is told to stop. Every write is answered. */
export const writeThroughOutage = async (
  url: string,
  own: Entry[],
  prefix: string,
  tally: Tally,
  isOver: () => boolean,
): Promise<void> => {
  for (let count = 0; !isOver(); count++) {
    const began = performance.now()
    tally[await write(url, chooseEntry(own), `${prefix}x${count}`)] += 1
    tally.slowest = Math.max(tally.slowest, performance.now() - began)
  }
}

/** Whether a task is what the unanswered attempt would have made of the answered one. */
const isNext = ({ task, attempt }: Entry, found: Task): boolean => {
  if (attempt?.op === 'create') return found.version === 1
  if (task === undefined || found.version !== task.version + 1) return false
  if (attempt?.op === 'update') return found.title === attempt.title && found.status === task.status
  return attempt?.op === 'complete' && found.title === task.title && found.status === 'completed'
}

/**
 * Compares what the service has with what it answered, and takes over what it finds. Every answered write must be
 * there, at most one unanswered step further, and nothing that nobody asked for.
 */
const reconcile = (entries: readonly Entry[], stored: readonly Task[]): void => {
  const byId = new Map(stored.map((task) => [task.id, task]))
  const byTitle = new Map(stored.map((task) => [task.title, task]))
  for (const entry of entries) {
    const { task, attempt } = entry
    const found =
      task === undefined && attempt?.op === 'create'
        ? byTitle.get(attempt.title)
        : byId.get(task?.id ?? '')
    if (found === undefined) {
      const mayBeGone = entry.isDeleted || attempt?.op === 'delete' || attempt?.op === 'create'
      expect(mayBeGone, `lost: ${JSON.stringify(entry)}`).toBe(true)
      entry.isDeleted = true
    } else {
      expect(entry.isDeleted, `deleted, yet there: ${JSON.stringify(entry)}`).toBe(false)
      if (!isNext(entry, found)) expect(found).toEqual(task)
      entry.task = found
      byId.delete(found.id)
    }
    entry.attempt = undefined
  }
  expect([...byId.values()]).toEqual([])
}

/** The same for all writers, who forget then what is deleted. */
export const verifyLedger = (owners: readonly Entry[][], stored: readonly Task[]): void => {
  reconcile(owners.flat(), stored)
  for (const own of owners) own.splice(0, own.length, ...own.filter(({ isDeleted }) => !isDeleted))
}
