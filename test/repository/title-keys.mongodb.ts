import fc from 'fast-check'
import { type Collection, MongoClient } from 'mongodb'
import { expect, onTestFinished, test, vi } from 'vitest'
import { positionOf } from '#src/core/task-query.ts'
import {
  at,
  createDocuments,
  newDocument,
  type TaskDocument,
} from '#src/repository/mongo/documents.ts'
import { taskIndexes } from '#src/repository/mongo/migrations.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { createTask, TASK, type Task } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt, titles } from '../core/task-arbitraries.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { BY } from '../request-context.ts'
import { filters, listOf, mixedDraft, type Sort } from './task-model.ts'
import { openStore, type Store } from './task-store.ts'

const TITLE_INDEX = 'by_state_and_title_key'
const EARLIER_TITLE_INDEX = 'by_state_and_title'

const TASK_DOCUMENTS = createDocuments(TASK)

const anyTitles = titles.map((title) => title.trim()).filter((title) => title !== '')
const SORTS: readonly Sort[] = [false, true].map((descending) => ({ key: 'title', descending }))

/** A task's document as a program of version 2 writes it. */
const ofVersion2 = ({ order, ...document }: TaskDocument): TaskDocument => {
  const { title_key: _, ...rest } = order ?? {}
  return { ...document, order: rest } as TaskDocument
}

const connect = async (url: string) => {
  const client = await MongoClient.connect(url)
  onTestFinished(() => client.close())
  const db = client.db()
  return {
    tasks: db.collection<TaskDocument>('tasks'),
    meta: db.collection<{ _id: string; version: number }>('meta'),
  }
}

/** A database of version 2 with tasks of any titles. */
const seed = async (count: number) => {
  const url = await createDatabaseUrl()
  const { tasks, meta } = await connect(url)
  const newId = createUuids(undefined)
  const documents = fc.sample(anyTitles, count).map((title, index) => {
    const task = createTask({ ...mixedDraft(index), title }, newId(), instantAt(index))
    return ofVersion2(newDocument(TASK_DOCUMENTS, task, createdEvent(task, BY), [], undefined))
  })
  const earlier = {
    name: EARLIER_TITLE_INDEX,
    key: { 'task.status': 1, 'task.priority': 1, 'order.title': 1 },
  }
  await tasks.createIndexes([...taskIndexes(TASK, () => false), earlier])
  await tasks.insertMany(documents)
  await meta.insertOne({ _id: 'schema', version: 2 })
  return { url, tasks, meta, titles: documents.map(({ task }) => task?.title ?? '') }
}

const ids = (tasks: readonly Task[]): string[] => tasks.map(({ id }) => id)

const expectRight = async ({ list }: Store): Promise<void> => {
  const all = await list({}, undefined, undefined, 5000)
  const [filter = {}] = fc.sample(filters, 1)
  for (const sort of SORTS) {
    expect(ids(await list({}, sort, undefined, 5000))).toEqual(ids(listOf(all, {}, sort)))
    const middle = all[Math.floor(all.length / 3)]
    const after = middle && positionOf(middle, sort)
    expect([filter, ids(await list(filter, sort, after, 20))]).toEqual([
      filter,
      ids(listOf(all, filter, sort, after).slice(0, 20)),
    ])
  }
}

const withoutKey = (tasks: Collection<TaskDocument>): Promise<number> =>
  tasks.countDocuments({ task: { $exists: true }, 'order.title_key': null })

const PATIENCE = { timeout: 30_000, interval: 50 }

test('tasks of version 2 are sorted rightly at once, and get their keys in the background', async () => {
  const { url, tasks, meta } = await seed(700)
  const store = await openStore(() => openMongoRepository(url, TASK))
  let rounds = 0
  do {
    rounds++
    const [renamed, removed] = fc.sample(fc.constantFrom(...(await store.list())), 2)
    const [title = 'a', added = 'b'] = fc.sample(anyTitles, 2)
    await Promise.all([renamed && store.patch(renamed.id, { title }), store.add({ title: added })])
    if (removed) await store.remove(removed.id)
    await expectRight(store)
  } while ((await meta.findOne({ _id: 'title_keys' })) === null)
  expect(rounds).toBeGreaterThan(0)
  await expectRight(store)
  expect(await withoutKey(tasks)).toBe(0)
  const names = (await tasks.indexes()).map(({ name }) => name)
  expect(names).toContain(TITLE_INDEX)
  expect(names).not.toContain(EARLIER_TITLE_INDEX)
})

test('two replicas at once, one of which ends in the middle, leave no task without its key', async () => {
  const { url, tasks } = await seed(1000)
  const first = await openMongoRepository(url, TASK)
  const store = await openStore(() => openMongoRepository(url, TASK))
  await vi.waitFor(async () => expect(await withoutKey(tasks)).toBeLessThan(1000), PATIENCE)
  await first.close()
  await expectRight(store)
  await vi.waitFor(async () => expect(await withoutKey(tasks)).toBe(0), PATIENCE)
  await expectRight(store)
})

test('a task that a program of version 2 writes during an upgrade is soon in order again', async () => {
  const { url, tasks, meta } = await seed(5)
  const store = await openStore(() => openMongoRepository(url, TASK))
  await vi.waitFor(
    async () => expect(await meta.findOne({ _id: 'title_keys' })).not.toBeNull(),
    PATIENCE,
  )
  const [task] = await store.list()
  if (task === undefined) throw new Error('no task')
  const renamed = { ...task, title: 'Écrit ailleurs' }
  const { order = {} } = ofVersion2(
    newDocument(TASK_DOCUMENTS, renamed, createdEvent(renamed, BY), [], undefined),
  )
  await tasks.updateOne(at(task.id), {
    $set: { task: renamed, order: order as TaskDocument['order'] & object },
    $inc: { rev: 1 },
  })
  await vi.waitFor(
    async () => expect(ids(await store.list({}, SORTS[0]))).toHaveLength(5),
    PATIENCE,
  )
  await expectRight(store)
})
