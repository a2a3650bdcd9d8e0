import type { Db } from 'mongodb'
import { TASK_PRIORITIES, TASK_STATUSES } from '../../core/task.ts'
import { startLeasedLoop } from '../../jobs/leased-loop.ts'
import type { Connection } from './connection.ts'
import { isIndexNotFound } from './database-error.ts'
import { at, type TaskDocument, titleOrderKey } from './documents.ts'
import { createLeases } from './leases.ts'
import type { MetaDocument } from './migrate.ts'
import { EARLIER_TITLE_INDEX, SCHEMA_VERSION, TITLE_INDEX } from './migrations.ts'

/** How long the others wait for a process that died, and how often they look, in milliseconds. */
const LEASE_MS = 30_000
const RETRY_MS = 1000

/** How many tasks get their key by one command. */
const TASKS_PER_STEP = 200

/** Milliseconds until the next step, after one and once all have their key. */
const PAUSE_MS = 20
const IDLE_MS = 1000

/** How long a step may still take after a stop, in milliseconds. */
const STOP_MS = 1000

type Titled = Pick<TaskDocument, '_id'> & { readonly task: { readonly title: string } }

/**
 * Gives tasks of version 2 their `order.title_key`, in the background, in one process at a time.
 * It goes on looking for them, as a program of version 2 that still runs during an upgrade drops
 * the keys of the tasks that it changes.
 */
export const startTitleKeys = ({ ready }: Connection) =>
  startLeasedLoop({
    leases: createLeases(ready),
    name: 'title_keys',
    leaseMs: LEASE_MS,
    retryMs: RETRY_MS,
    stopMs: STOP_MS,
    begin: async () => {
      const db = await ready()
      let areMarked = await haveAllTitleKeys(db)
      if (!areMarked) await createIndex(db)
      return async () => {
        const found = await findWithoutKey(db)
        if (found.length > 0) {
          await addKeys(db, found)
          return PAUSE_MS
        }
        if (!areMarked) await finish(db)
        areMarked = true
        return IDLE_MS
      }
    },
  })

/** Whether lists may rely on the keys: once true, for good. */
export const haveAllTitleKeys = async (db: Db): Promise<boolean> =>
  (await db.collection<MetaDocument>('meta').findOne({ _id: 'title_keys' })) !== null

/**
 * It takes its time where there are many tasks, so no time limit holds for it. The server goes on
 * with its other work.
 */
const createIndex = async (db: Db): Promise<void> => {
  await db.collection('tasks').createIndexes([TITLE_INDEX], { timeoutMS: 0 })
}

const findWithoutKey = (db: Db): Promise<Titled[]> =>
  db
    .collection<TaskDocument>('tasks')
    .find<Titled>(
      {
        'task.status': { $in: [...TASK_STATUSES] },
        'task.priority': { $in: [...TASK_PRIORITIES] },
        'order.title_key': null,
      },
      { projection: { 'task.title': 1 }, limit: TASKS_PER_STEP, batchSize: TASKS_PER_STEP + 1 },
    )
    .toArray()

/**
 * A task whose title has changed meanwhile is left alone: that change wrote a key, or the next step
 * finds the task again.
 */
const addKeys = async (db: Db, found: readonly Titled[]): Promise<void> => {
  const updates = found.map(({ _id, task: { title } }) => ({
    updateOne: {
      filter: { ...at(_id), 'task.title': title, 'order.title_key': null },
      update: { $set: { 'order.title_key': titleOrderKey(title, _id) } },
    },
  }))
  await db.collection<TaskDocument>('tasks').bulkWrite(updates, { ordered: false })
}

const finish = async (db: Db): Promise<void> => {
  await db
    .collection('tasks')
    .dropIndex(EARLIER_TITLE_INDEX)
    .catch((error: unknown) => {
      if (!isIndexNotFound(error)) throw error
    })
  await db
    .collection<MetaDocument>('meta')
    .updateOne({ _id: 'title_keys' }, { $max: { version: SCHEMA_VERSION } }, { upsert: true })
}
