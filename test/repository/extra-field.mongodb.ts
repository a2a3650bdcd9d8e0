import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test, vi } from 'vitest'
import { SCHEMA_VERSION } from '#src/repository/mongo/migrations.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { EXTENDED, newMongo } from './extra-field.ts'
import { describeExtraField } from './extra-field-contract.ts'
import { createStore, openStore } from './task-store.ts'

describeExtraField('MongoDB', newMongo)

test('tasks from before one more field get their sort keys, and the field its indexes', async () => {
  const url = await createDatabaseUrl()
  const earlier = await openMongoRepository(url, TASK)
  const before = createStore(earlier, createUuids(undefined))
  await Promise.all(Array.from({ length: 450 }, (_, index) => before.add({ title: `t${index}` })))
  await earlier.close()
  await openStore(() => openMongoRepository(url, EXTENDED))
  const client = await MongoClient.connect(url)
  onTestFinished(() => client.close())
  const [tasks, meta] = [client.db().collection('tasks'), client.db().collection('meta')]
  await vi.waitFor(
    async () =>
      expect(
        await meta.findOne({ version: SCHEMA_VERSION, _id: /^assignee/ as never }),
      ).not.toBeNull(),
    { timeout: 30_000, interval: 50 },
  )
  for (const key of ['assignee', 'assignee_descending'])
    expect(await tasks.countDocuments({ [`order.${key}`]: null })).toBe(0)
  const names = (await tasks.indexes()).map(({ name }) => name)
  for (const name of ['by_assignee', 'by_state_and_assignee', 'by_state_and_assignee_descending'])
    expect(names).toContain(name)
})
