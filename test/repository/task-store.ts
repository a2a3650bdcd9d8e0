import { setTimeout as sleep } from 'node:timers/promises'
import type { Static } from 'typebox'
import { onTestFinished } from 'vitest'
import type { ChunkReader } from '#src/core/chunk-reader.ts'
import type { Entity } from '#src/core/entity.ts'
import {
  changedEvent,
  createdEvent,
  deletedEvent,
  type TaskEvent as TaskEventSchema,
} from '#src/core/event.ts'
import type { Draft, FieldTable } from '#src/core/field-table.ts'
import type { Slice } from '#src/core/slice.ts'
import type { Position } from '#src/core/task-query.ts'
import type {
  CommitResult,
  Decision,
  IdempotencyKey,
  StoredTask,
  TaskRepository,
} from '#src/core/task-repository.ts'
import { type IssueLink, markOutOfSync } from '#src/github/issue/issue-link.ts'
import { TASK, type Task, type TaskDraft, type TaskPatch } from '#src/task/task.ts'
import { createTaskIds } from '#src/task-ids.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import type { Sort, TaskFilter } from './task-model.ts'

type TaskEvent = Static<typeof TaskEventSchema> & { readonly sequence: number }

/** Opens a repository; with another table than that of tasks if it says so. */
export interface Open {
  (): Promise<TaskRepository> | TaskRepository
  readonly table?: FieldTable
}

export const OLDEST_FIRST: Sort = { key: 'created_at', descending: false }

/** A repository with the shortest ways to fill it and to look into it. It closes with the test. */
export const openStore = async (open: Open) => {
  const repository = await open()
  onTestFinished(() => repository.close())
  return createStore(repository, createTaskIds(await repository.newestId()), open.table)
}
export type Store = Awaited<ReturnType<typeof openStore>>

export const createStore = (
  repository: TaskRepository,
  newId: (key?: string) => string,
  table: FieldTable = TASK,
) => {
  const create = (
    draft: TaskDraft & Draft,
    at = instantAt(0),
    key?: IdempotencyKey,
  ): Promise<CommitResult> => {
    const task = table.create(draft, newId(key?.key), at)
    return repository.create(task, createdEvent(task, 'test'), key)
  }

  return {
    repository,
    newId,
    table,
    create,

    async add(draft: Partial<TaskDraft> & Draft = {}, at?: string): Promise<Task> {
      return toTask(await create({ title: 'a task', ...draft }, at))
    },

    patch: (
      id: string,
      patch: TaskPatch & Draft,
      at = instantAt(100),
      key?: IdempotencyKey,
    ): Promise<CommitResult> => repository.change(id, patched(patch, at, table), key),

    remove: (id: string, key?: IdempotencyKey): Promise<CommitResult> =>
      repository.change(id, deleted, key),

    async list(
      filter: TaskFilter = {},
      sort = OLDEST_FIRST,
      after?: Position,
      limit = 1000,
    ): Promise<Task[]> {
      return (await readSlice(repository.list({ filter, sort }, after, limit, WHOLE))) as Task[]
    },

    /** Read once each of the events has its place in the sequence, which a store may give it a moment later. */
    async history(id: string, after = 0, limit = 1000): Promise<TaskEvent[]> {
      for (let tries = 0; tries < 200; tries++) {
        const events = (await readSlice(repository.history(id, after, limit, WHOLE))) as TaskEvent[]
        if (events.every(({ sequence }) => sequence !== null)) return events
        await sleep(25)
      }
      throw new Error('an event has no place in the sequence after 5 s')
    },
  }
}

export const patched =
  (patch: TaskPatch, at = instantAt(100), table: FieldTable = TASK) =>
  (current: Entity, link?: IssueLink): Decision => {
    const task = table.change(current, patch, at)
    if (task === current) return { kind: 'keep' }
    const next = link && markOutOfSync(link, task.version, false, Date.parse(task.updated_at))
    return { kind: 'change', task, event: changedEvent(current, task, 'test'), link: next }
  }

export const deleted = (current: Entity, link?: IssueLink): Decision => {
  const next = link && markOutOfSync(link, current.version + 1, true, Date.parse(instantAt(200)))
  return { kind: 'delete', event: deletedEvent(current, 'test', instantAt(200)), link: next }
}

/** What a commit stored. */
export const toStored = (result: CommitResult): StoredTask => {
  if (result.kind !== 'stored') throw new Error(`expected a stored task, got ${result.kind}`)
  return result.task
}

export const toTask = (result: CommitResult): Task => JSON.parse(toStored(result).json) as Task

/** The texts of a slice are read along with it if they come to no more than this, in bytes. */
export const WHOLE = 256 * 1024

/** The texts of a slice, whether or not they were read along, joined by commas. */
export const textsOf = async ({ whole, sizes, read }: Slice<unknown>): Promise<string> => {
  if (whole !== undefined) return whole.toString()
  const texts: string[] = []
  for (let from = 0; from < sizes.length; ) {
    const { bytes, end } = await read(from, sizes.length)
    if (bytes.length > 0) texts.push(bytes.toString())
    from = end
  }
  return texts.join()
}

export const readSlice = async (slice: Promise<Slice<unknown>>): Promise<unknown[]> =>
  JSON.parse(`[${await textsOf(await slice)}]`)

/** The objects of a list that the service reads, in one piece or in chunks. */
export const readObjects = async (texts: Buffer | ChunkReader): Promise<unknown[]> => {
  if (Buffer.isBuffer(texts)) return JSON.parse(`[${texts}]`)
  const chunks: string[] = []
  for (let chunk = await texts.next(); chunk !== undefined; chunk = await texts.next())
    chunks.push(chunk.toString())
  return JSON.parse(`[${chunks.join()}]`)
}
