import { setTimeout as sleep } from 'node:timers/promises'
import type { Static } from 'typebox'
import { onTestFinished } from 'vitest'
import type { ChunkReader } from '#src/core/chunk-reader.ts'
import type { CommitResult, Decide, StoredEntity } from '#src/core/commit.ts'
import type { TableEntity } from '#src/core/entity.ts'
import type { Draft, FieldTable } from '#src/core/field-table.ts'
import type { IdempotencyKey } from '#src/core/idempotency.ts'
import type { Repository } from '#src/core/repository.ts'
import type { Slice } from '#src/core/slice.ts'
import type { Position } from '#src/core/task-query.ts'
import { TASK, type Task, type TaskPatch } from '#src/task/task.ts'
import type { TaskEvent as TaskEventSchema } from '#src/task/task-event.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import {
  type ClientDecide,
  type Sample,
  type SampleDraft,
  type SamplePatch,
  type Subject,
  TASKS,
  tasksOf,
} from './subject.ts'
import type { Sort, TaskFilter } from './task-model.ts'

type StoredEvent = Static<typeof TaskEventSchema> & { readonly sequence: number }

/** Opens a repository; with another table than that of tasks if it has one. */
export interface Open {
  (): Promise<Repository> | Repository
  readonly table?: FieldTable
}

/** A repository with the shortest ways to fill it and to look into it. It closes with the test. */
export const openEntities = async (open: Open, subject: Subject) => {
  const repository = await open()
  onTestFinished(() => repository.close())
  return createEntities(repository, subject, createUuids(await repository.tasks.maxId()))
}
export type EntityStore = Awaited<ReturnType<typeof openEntities>>

export const createEntities = <E extends Sample, D extends SampleDraft, P extends SamplePatch>(
  repository: Repository,
  subject: Subject<E, D, P>,
  newId: (key?: string) => string,
) => {
  const entities = subject.of(repository)

  const create = (draft: D, at = instantAt(0), key?: IdempotencyKey): Promise<CommitResult> => {
    const entity = subject.create(draft, newId(key?.key), at)
    return entities.create(entity, subject.createdEvent(entity, BY), key)
  }

  const { patched, deleted } = decisionsOf(subject)

  return {
    repository,
    entities,
    newId,
    create,
    patched,
    deleted,

    async add(draft: Partial<D> = {}, at?: string): Promise<E> {
      return toEntity<E>(await create({ title: 'a task', ...draft } as D, at))
    },

    patch: (
      id: string,
      patch: P,
      at = instantAt(100),
      key?: IdempotencyKey,
    ): Promise<CommitResult> => entities.change(id, patched(patch, at), key),

    remove: (id: string, key?: IdempotencyKey): Promise<CommitResult> =>
      entities.change(id, deleted, key),

    all: async (filter: TaskFilter = {}): Promise<E[]> =>
      (await readSlice(subject.list(repository, filter, WHOLE))) as E[],

    /** Read once each of the events has its place in the sequence, which a store may give it a moment later. */
    async history(id: string, after = 0, limit = 1000): Promise<StoredEvent[]> {
      for (let tries = 0; tries < 200; tries++) {
        const events = (await readSlice(entities.history(id, after, limit, WHOLE))) as StoredEvent[]
        if (events.every(({ sequence }) => sequence !== null)) return events
        await sleep(25)
      }
      throw new Error('an event has no place in the sequence after 5 s')
    },
  }
}

/** What clients decide. */
export const decisionsOf = <E extends Sample, D, P>(subject: Subject<E, D, P>) => ({
  patched: (patch: P, at = instantAt(100)): ClientDecide<E> =>
    subject.decide((current) => {
      const next = subject.patch(current, patch, at)
      if (next === current) return { kind: 'keep' }
      return { kind: 'change', entity: next, event: subject.changedEvent(current, next, BY) }
    }),

  deleted: subject.decide((current) => ({
    kind: 'delete',
    event: subject.deletedEvent(current, BY, instantAt(200)),
  })),
})

interface TaskDecisions {
  patched(patch: TaskPatch & Draft, at?: string): Decide<TableEntity>
  readonly deleted: Decide<TableEntity>
}

export const { patched, deleted } = decisionsOf(TASKS) as unknown as TaskDecisions

export const OLDEST_FIRST: Sort = { key: 'created_at', descending: false }

/** The same of its tasks, which can be listed in many ways. */
export const openStore = async (open: Open) => {
  const repository = await open()
  onTestFinished(() => repository.close())
  return createStore(repository, createUuids(await repository.tasks.maxId()), open.table)
}
export type Store = Awaited<ReturnType<typeof openStore>>

export const createStore = (
  repository: Repository,
  newId: (key?: string) => string,
  table: FieldTable = TASK,
) => ({
  ...createEntities(repository, tasksOf(table), newId),
  table,

  async list(
    filter: TaskFilter = {},
    sort = OLDEST_FIRST,
    after?: Position,
    limit = 1000,
  ): Promise<Task[]> {
    return (await readSlice(repository.tasks.list({ filter, sort }, after, limit, WHOLE))) as Task[]
  },
})

/** What a commit stored. */
export const toStored = (result: CommitResult): StoredEntity => {
  if (result.kind !== 'stored') throw new Error(`expected a stored entity, got ${result.kind}`)
  return result.entity
}

const toEntity = <E>(result: CommitResult): E => JSON.parse(toStored(result).json) as E

export const toTask = (result: CommitResult): Task => toEntity(result)

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
