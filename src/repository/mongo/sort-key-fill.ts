import type { Db, Document } from 'mongodb'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import { startLeasedLoop } from '../../jobs/leased-loop.ts'
import type { Connection } from './connection.ts'
import { isIndexNotFound } from './database-error.ts'
import { at, type TaskDocument } from './documents.ts'
import { createLeases } from './leases.ts'
import type { MetaDocument } from './migrate.ts'
import { earlierIndex, fieldIndexes, laterFields, markerOf, SCHEMA_VERSION } from './migrations.ts'
import { sortKeyName, toSortKey } from './sort-keys.ts'

/** How long the others wait for a process that died, and how often they look, in milliseconds. */
const LEASE_MS = 30_000
const RETRY_MS = 1000

/** How many tasks get their keys by one command. */
const TASKS_PER_STEP = 200

/** Milliseconds until the next step, after one and once all have their keys. */
const PAUSE_MS = 20
const IDLE_MS = 1000

/** How long a step may still take after a stop, in milliseconds. */
const STOP_MS = 1000

type Unfilled = Pick<TaskDocument, '_id' | 'rev'> & {
  readonly task: Readonly<Record<string, unknown>>
}

/**
 * Adds what a database lacks of the fields that came later: their indexes, and the tasks' sort
 * keys. In the background, in one process at a time of those that know the same fields. It goes on
 * looking for tasks without them, as an earlier program that still runs during an upgrade drops the
 * keys of the tasks that it changes.
 */
export const startSortKeyFill = ({ ready }: Connection, table: FieldTable) => {
  const fields = laterFields(table)
  return startLeasedLoop({
    leases: createLeases(ready),
    name: fields.map(markerOf).join(),
    leaseMs: LEASE_MS,
    retryMs: RETRY_MS,
    stopMs: STOP_MS,
    begin: async () => {
      const db = await ready()
      const unmarked = new Set<NamedField>()
      for (const field of fields) {
        if (await isFilled(db, field)) continue
        unmarked.add(field)
        await createIndexes(db, table, field)
      }
      return async () => {
        for (const field of fields) {
          const found = field.sort === undefined ? [] : await findUnfilled(db, table, field)
          if (found.length > 0) {
            await addKeys(db, field, found)
            return PAUSE_MS
          }
          if (unmarked.delete(field)) await finish(db, field)
        }
        return IDLE_MS
      }
    },
  })
}

/** Whether lists may rely on the keys of a later field: once true, for good. */
export const isFilled = async (db: Db, field: NamedField): Promise<boolean> =>
  (await db.collection<MetaDocument>('meta').findOne({ _id: markerOf(field) })) !== null

/**
 * They take their time where there are many tasks, so no time limit holds for them. The server goes
 * on with its other work.
 */
const createIndexes = async (db: Db, table: FieldTable, field: NamedField): Promise<void> => {
  await db.collection('tasks').createIndexes(fieldIndexes(table, field), { timeoutMS: 0 })
}

const findUnfilled = (db: Db, { fields }: FieldTable, field: NamedField): Promise<Unfilled[]> => {
  const leading = fields.filter(({ leads }) => leads)
  const filter: Document = Object.fromEntries([
    ...leading.map(({ name, values }) => [`task.${name}`, { $in: [...values] }]),
    [`order.${sortKeyName(field, true)}`, null],
  ])
  return db
    .collection<TaskDocument>('tasks')
    .find<Unfilled>(filter, {
      projection: { rev: 1, [`task.${field.name}`]: 1 },
      limit: TASKS_PER_STEP,
      batchSize: TASKS_PER_STEP + 1,
    })
    .toArray()
}

/**
 * A task that has changed meanwhile is left alone: that change wrote its keys, or the next step
 * finds it again.
 */
const addKeys = async (db: Db, field: NamedField, found: readonly Unfilled[]): Promise<void> => {
  const updates = found.map(({ _id, rev, task }) => {
    const value = (task[field.name] ?? field.initial) as string | null
    const keys = [false, true].map((descending) => [
      `order.${sortKeyName(field, descending)}`,
      toSortKey(field, descending, value, _id),
    ])
    return {
      updateOne: { filter: { ...at(_id), rev }, update: { $set: Object.fromEntries(keys) } },
    }
  })
  await db.collection<TaskDocument>('tasks').bulkWrite(updates, { ordered: false })
}

const finish = async (db: Db, field: NamedField): Promise<void> => {
  if (field.sort === 'folded')
    await db
      .collection('tasks')
      .dropIndex(earlierIndex(field))
      .catch((error: unknown) => {
        if (!isIndexNotFound(error)) throw error
      })
  await db
    .collection<MetaDocument>('meta')
    .updateOne({ _id: markerOf(field) }, { $max: { version: SCHEMA_VERSION } }, { upsert: true })
}
