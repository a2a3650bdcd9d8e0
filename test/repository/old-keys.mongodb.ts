import { MongoClient } from 'mongodb'
import { onTestFinished, test } from 'vitest'
import {
  createDocuments,
  newDocument,
  type StoredKey,
  type TaskDocument,
} from '#src/repository/mongo/documents.ts'
import { taskIndexes } from '#src/repository/mongo/migrations.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { bucketOfKey } from '#src/repository/mongo/shard-key.ts'
import { TASK } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { BY } from '../request-context.ts'
import { EXPIRES_AT, expectReplayed, type OldKey, oldDatabase } from './old-keys.ts'

const TASK_INDEXES = taskIndexes(TASK)

const TASK_DOCUMENTS = createDocuments(TASK)

const toStored = ({ key, fingerprint, taskId, json }: OldKey): StoredKey => ({
  key,
  fingerprint,
  is_claim: taskId === null,
  json,
  expires_at: new Date(EXPIRES_AT),
})

/** The documents of 0.1.0: its tasks, the tombstone of the deleted one and the claim of the batch. */
const documentsOf = ({ keys, tasks, deleted }: ReturnType<typeof oldDatabase>): TaskDocument[] => {
  const keysOf = (id: string | null) => keys.filter(({ taskId }) => taskId === id).map(toStored)
  const ended = { rev: 1, ended: true as const, pending: [] }
  const bucket = bucketOfKey('batch')
  return [
    ...tasks.map((task) =>
      newDocument(TASK_DOCUMENTS, task, createdEvent(task, BY), keysOf(task.id), undefined),
    ),
    { _id: deleted.id, bucket: deleted.id.slice(-6), ...ended, keys: keysOf(deleted.id) },
    { _id: `key:batch:${bucket}`, bucket, ...ended, keys: keysOf(null) },
  ]
}

test('a database of 0.1.0 keeps its keys: what had one is not done again', async () => {
  const url = await createDatabaseUrl()
  const client = await MongoClient.connect(url)
  const old = oldDatabase()
  const tasks = client.db().collection<TaskDocument>('tasks')
  await tasks.createIndexes([...TASK_INDEXES])
  await tasks.insertMany(documentsOf(old))
  await client
    .db()
    .collection<{ _id: string; version: number }>('meta')
    .insertOne({ _id: 'schema', version: 2 })
  await client.close()
  const repository = await openMongoRepository(url, TASK)
  onTestFinished(() => repository.close())
  await expectReplayed(repository, old)
})
