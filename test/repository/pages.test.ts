import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromCursor, type Position, toCursor } from '#src/core/task-query.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK, type Task, type TaskDraft, type TaskPatch } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { drafts, instantAt, patches } from '../core/task-arbitraries.ts'
import { newContext } from '../request-context.ts'
import { createFolder } from '../start-app.ts'
import { filters, mixedDraft, type Sort, sorts, type TaskFilter } from './task-model.ts'
import { readObjects } from './task-store.ts'

type Operation =
  | { readonly kind: 'clock'; readonly seconds: number }
  | { readonly kind: 'insert'; readonly draft: TaskDraft }
  | { readonly kind: 'update'; readonly index: number; readonly patch: TaskPatch }
  | { readonly kind: 'delete'; readonly index: number }

const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      seconds: fc.integer({ min: 0, max: 20 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('insert' as const), draft: drafts }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('update' as const), index: fc.nat(), patch: patches }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), index: fc.nat() }) },
)

const filling = operations.filter(({ kind }) => kind === 'clock' || kind === 'insert')

const always = {}

/** The service on a store of its own, with a clock that is set by hand. */
const startService = (path: string) => {
  const repository = openSqliteRepository(path, TASK)
  const clock = { seconds: 0 }
  const now = (): number => Date.parse(instantAt(clock.seconds))
  const service = createTaskService({ table: TASK, repository, newId: createUuids(undefined) })
  const add = async (draft: TaskDraft): Promise<Task> =>
    JSON.parse((await service.create(newContext({ now }), draft)).entity.json) as Task
  return { repository, service, clock, now, add }
}
type Started = ReturnType<typeof startService>

/** One page, reached by way of a cursor as a client holds it. */
const readPage = async (
  { service }: Started,
  filter: TaskFilter,
  sort: Sort,
  after: Position | undefined,
  size: number,
) => {
  const place = after && fromCursor(TASK, toCursor(TASK, after, sort), sort)
  const { texts, next } = await service.page({ filter, sort }, place, size)
  return { tasks: (await readObjects(texts)) as Task[], next }
}

/** Carries out an operation and tells of the task that is no longer what it was. */
const carryOut = async (
  { service, clock, now, add }: Started,
  known: Task[],
  operation: Operation,
): Promise<Task | undefined> => {
  if (operation.kind === 'clock') {
    clock.seconds = operation.seconds
    return undefined
  }
  if (operation.kind === 'insert') {
    known.push(await add(operation.draft))
    return undefined
  }
  const task = known[operation.index % Math.max(1, known.length)]
  if (task === undefined) return undefined
  if (operation.kind === 'update') {
    const { entity: stored } = await service.update(
      newContext({ now }),
      task.id,
      operation.patch,
      always,
    )
    return JSON.parse(stored.json) as Task
  }
  known.splice(known.indexOf(task), 1)
  await service.remove(newContext({ now }), task.id, always)
  return { ...task, version: -1 }
}

/** Reads page by page with some operations before each next one, and returns what was read and what stayed put throughout. */
const readThrough = async (
  started: Started,
  first: Operation[],
  turns: Operation[][],
  sort: Sort,
  size: number,
) => {
  const known: Task[] = []
  for (const operation of first) await carryOut(started, known, operation)
  const steady = new Map(known.map((task) => [task.id, task[sort.key]]))
  const read: Task[] = []
  let after: Position | undefined
  for (let turn = 0; turn === 0 || after !== undefined; turn += 1) {
    const { tasks, next } = await readPage(started, {}, sort, after, size)
    read.push(...tasks)
    after = next
    for (const operation of turns[turn] ?? []) {
      const touched = await carryOut(started, known, operation)
      if (touched === undefined) continue
      if (touched.version < 0 || touched[sort.key] !== steady.get(touched.id))
        steady.delete(touched.id)
    }
  }
  return { read, steady }
}

const readsEachOnce = (toPath: () => string) =>
  fc.asyncProperty(
    fc.array(filling, { maxLength: 30 }),
    fc.array(fc.array(operations, { maxLength: 4 }), { maxLength: 12 }),
    sorts,
    fc.integer({ min: 1, max: 9 }),
    async (first, turns, sort, size) => {
      const started = startService(toPath())
      try {
        const { read, steady } = await readThrough(started, first, turns, sort, size)
        const ids = read.map(({ id }) => id)
        for (const id of steady.keys())
          expect([id, ids.filter((one) => one === id).length]).toEqual([id, 1])
      } finally {
        await started.repository.close()
      }
    },
  )

test('pages never skip or repeat a task that stayed in its place, whatever is written between them', async () => {
  await fc.assert(
    readsEachOnce(() => ':memory:'),
    { numRuns: 150 },
  )
})

test('pages of a file never skip or repeat a task that stayed in its place', async () => {
  const folder = createFolder()
  let files = 0
  await fc.assert(
    readsEachOnce(() => join(folder, `${files++}.db`)),
    { numRuns: 10 },
  )
})

test('pages of any size, one after the other, are the whole list', async () => {
  const started = startService(':memory:')
  for (let index = 0; index < 80; index += 1) {
    started.clock.seconds = Math.floor(index / 4)
    await started.add(mixedDraft(index))
  }
  const property = fc.asyncProperty(
    filters,
    sorts,
    fc.integer({ min: 1, max: 90 }),
    async (filter, sort, size) => {
      const whole = (await readObjects(started.service.all({ filter, sort }, undefined))) as Task[]
      const paged: Task[] = []
      let after: Position | undefined
      do {
        const { tasks, next } = await readPage(started, filter, sort, after, size)
        expect(next === undefined || tasks.length === size).toBe(true)
        paged.push(...tasks)
        after = next
      } while (after !== undefined)
      expect(paged).toEqual(whole)
    },
  )
  await fc.assert(property, { numRuns: 300 })
  await started.repository.close()
})

test('a whole list that is read in many runs misses nothing and repeats nothing', async () => {
  const started = startService(':memory:')
  const tasks = await Promise.all(
    Array.from({ length: 777 }, (_, index) => started.add(mixedDraft(index))),
  )
  for (const sort of [
    { key: 'title', descending: true } as const,
    { key: 'due_at', descending: false } as const,
  ]) {
    const listed = (await readObjects(
      started.service.all({ filter: {}, sort }, undefined),
    )) as Task[]
    expect(listed.map(({ id }) => id).toSorted()).toEqual(tasks.map(({ id }) => id).toSorted())
  }
  await started.repository.close()
})
