import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createDocuments, newDocument } from '#src/repository/mongo/documents.ts'
import { SCHEMA_VERSION, taskIndexes } from '#src/repository/mongo/migrations.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { createTask, TASK, type Task } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { BY } from '../request-context.ts'
import { toSync } from './linked-store.ts'
import { openStore, toTask } from './task-store.ts'

const TASK_INDEXES = taskIndexes(TASK)

const TASK_DOCUMENTS = createDocuments(TASK)

interface Document {
  readonly _id: string
}

/** Tasks as they were stored before they told of their issues. */
const seed = async (url: string): Promise<readonly Task[]> => {
  const client = await MongoClient.connect(url)
  const newId = createUuids(undefined)
  const drafts = [
    { title: 'plain' },
    { title: 'ä 🚀', labels: ['a b'], external_reference_id: '9007199254740993' },
  ]
  const tasks = drafts.map((draft, index) => createTask(draft, newId(), instantAt(index)))
  const documents = tasks.map((task) => {
    const { external_url: _, ...old } = task
    return {
      ...newDocument(TASK_DOCUMENTS, task, createdEvent(task, BY), [], undefined),
      task: old,
    }
  })
  await client
    .db()
    .collection<Document>('tasks')
    .createIndexes(TASK_INDEXES.filter(({ name }) => !/link|issue/.test(name ?? '')))
  await client.db().collection<Document>('tasks').insertMany(documents)
  await client
    .db()
    .collection<Document & { version: number }>('meta')
    .insertOne({ _id: 'schema', version: 1 })
  await client.close()
  return tasks
}

const open = async () => {
  const url = await createDatabaseUrl()
  const tasks = await seed(url)
  return { url, tasks, ...(await openStore(() => openMongoRepository(url, TASK))) }
}

test('a database from before the GitHub sync keeps its tasks, which say that they have no issue', async () => {
  const { repository, tasks, list, history } = await open()
  expect(await list()).toEqual(tasks)
  for (const task of tasks) {
    expect((await repository.tasks.get(task.id))?.json).toBe(JSON.stringify(task))
    expect(await history(task.id)).toHaveLength(1)
  }
})

test('its tasks can be changed and linked', async () => {
  const { repository, tasks, patch } = await open()
  const ids = tasks.map(({ id }) => id)
  expect(toTask(await patch(ids[0] ?? '', { title: 'changed' }))).toEqual({
    ...tasks[0],
    title: 'changed',
    updated_at: instantAt(100),
    version: 2,
  })
  expect((await toSync(repository).unlinkedTasks(undefined, 9))[1]).toEqual(tasks[1]?.id)
  for (const id of ids) expect(await toSync(repository).addLink(id, 1)).toBe(true)
  expect(await toSync(repository).countLinks()).toEqual({ pending: tasks.length })
})

test('it says from then on that an older program must leave it alone', async () => {
  const { url } = await open()
  const client = await MongoClient.connect(url)
  onTestFinished(() => client.close())
  const meta = client.db().collection<Document>('meta')
  expect(await meta.findOne({ _id: 'schema' })).toEqual({ _id: 'schema', version: SCHEMA_VERSION })
})

test('it gets the indexes that it lacks', async () => {
  const { url } = await open()
  const client = await MongoClient.connect(url)
  onTestFinished(() => client.close())
  const names = async (name: string) =>
    (await client.db().collection(name).indexes()).map((index) => index.name)
  /** That of titles is made in the background. */
  await vi.waitFor(
    async () =>
      expect(await names('tasks')).toEqual(
        expect.arrayContaining(TASK_INDEXES.map(({ name }) => name)),
      ),
    { timeout: 20_000 },
  )
  expect(await names('deliveries')).toContain('by_receipt')
})
