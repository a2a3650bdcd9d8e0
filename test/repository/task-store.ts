import { setTimeout as sleep } from 'node:timers/promises'
import type { Static } from 'typebox'
import { onTestFinished } from 'vitest'
import type { ChunkReader } from '#src/core/chunk-reader.ts'
import type { CommitResult, Decision, StoredEntity } from '#src/core/commit.ts'
import type { Companion } from '#src/core/companion.ts'
import type { TableEntity } from '#src/core/entity.ts'
import type { Draft, FieldTable } from '#src/core/field-table.ts'
import type { IdempotencyKey } from '#src/core/idempotency.ts'
import type { Repository } from '#src/core/repository.ts'
import type { Slice } from '#src/core/slice.ts'
import type { Position } from '#src/core/task-query.ts'
import { createCompanionRule } from '#src/github/companion-rule.ts'
import { TASK, type Task, type TaskDraft, type TaskPatch } from '#src/task/task.ts'
import {
  changedEvent,
  createdEvent,
  deletedEvent,
  type TaskEvent as TaskEventSchema,
} from '#src/task/task-event.ts'
import { createTaskIds } from '#src/task-ids.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import type { Sort, TaskFilter } from './task-model.ts'

type TaskEvent = Static<typeof TaskEventSchema> & { readonly sequence: number }

/** Opens a repository; with another table than that of tasks if it has one. */
export interface Open {
  (): Promise<Repository> | Repository
  readonly table?: FieldTable
}

export const OLDEST_FIRST: Sort = { key: 'created_at', descending: false }

/** A repository with the shortest ways to fill it and to look into it. It closes with the test. */
export const openStore = async (open: Open) => {
  const repository = await open()
  onTestFinished(() => repository.close())
  return createStore(repository, createTaskIds(await repository.tasks.maxId()), open.table)
}
export type Store = Awaited<ReturnType<typeof openStore>>

export const createStore = (
  repository: Repository,
  newId: (key?: string) => string,
  table: FieldTable = TASK,
) => {
  const create = (
    draft: TaskDraft & Draft,
    at = instantAt(0),
    key?: IdempotencyKey,
  ): Promise<CommitResult> => {
    const task = table.create(draft, newId(key?.key), at)
    return repository.tasks.create(task, createdEvent(task, BY), key)
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
    ): Promise<CommitResult> => repository.tasks.change(id, patched(patch, at, table), key),

    remove: (id: string, key?: IdempotencyKey): Promise<CommitResult> =>
      repository.tasks.change(id, deleted, key),

    async list(
      filter: TaskFilter = {},
      sort = OLDEST_FIRST,
      after?: Position,
      limit = 1000,
    ): Promise<Task[]> {
      return (await readSlice(
        repository.tasks.list({ filter, sort }, after, limit, WHOLE),
      )) as Task[]
    },

    /** Read once each of the events has its place in the sequence, which a store may give it a moment later. */
    async history(id: string, after = 0, limit = 1000): Promise<TaskEvent[]> {
      for (let tries = 0; tries < 200; tries++) {
        const events = (await readSlice(
          repository.tasks.history(id, after, limit, WHOLE),
        )) as TaskEvent[]
        if (events.every(({ sequence }) => sequence !== null)) return events
        await sleep(25)
      }
      throw new Error('an event has no place in the sequence after 5 s')
    },
  }
}

/** As a client's change does: the companion follows the task. */
const follow = (
  companion: Companion | undefined,
  version: number,
  isDeleted: boolean,
  at: string,
): Companion | undefined =>
  companion &&
  createCompanionRule(
    () => Date.parse(at),
    () => null,
  ).follow(companion, version, isDeleted)

export const patched =
  (patch: TaskPatch & Draft, at = instantAt(100), table: FieldTable = TASK) =>
  (current: TableEntity, companion?: Companion): Decision<TableEntity> => {
    const task = table.change(current, patch, at)
    if (task === current) return { kind: 'keep' }
    return {
      kind: 'change',
      entity: task,
      event: changedEvent(current, task, BY),
      companion: follow(companion, task.version, false, task.updated_at),
    }
  }

export const deleted = (current: TableEntity, companion?: Companion): Decision<TableEntity> => ({
  kind: 'delete',
  event: deletedEvent(current, BY, instantAt(200)),
  companion: follow(companion, current.version + 1, true, instantAt(200)),
})

/** What a commit stored. */
export const toStored = (result: CommitResult): StoredEntity => {
  if (result.kind !== 'stored') throw new Error(`expected a stored task, got ${result.kind}`)
  return result.entity
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
