import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db, Document } from 'mongodb'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import type { Connection } from './connection.ts'
import { isIndexNotFound } from './database-error.ts'
import { at, type TaskDocument } from './documents.ts'
import { hold, type LeaseDocument, release } from './lease.ts'
import type { MetaDocument } from './migrate.ts'
import { earlierIndex, fieldIndexes, laterFields, markerOf, SCHEMA_VERSION } from './migrations.ts'
import { sortKeyName, toSortKey } from './sort-keys.ts'

const LEASE = 'title_keys'
const LEASE_MS = 5000

/** How many tasks get their keys by one command. */
const TASKS_PER_STEP = 200

/**
 * Milliseconds until the next step: after one, while another replica works, after a failure, and
 * once all have their keys.
 */
const PAUSE_MS = 20
const OTHERS_TURN_MS = 1000
const RETRY_MS = 1000
const IDLE_MS = 1000

/** How long a step may still take after a stop, in milliseconds. */
const STOP_MS = 1000

type Unfilled = Pick<TaskDocument, '_id' | 'rev'> & {
  readonly task: Readonly<Record<string, unknown>>
}

/**
 * Adds what a database lacks of the fields that came later: their indexes, and the tasks' sort keys.
 * In the background, one replica at a time by a lease. It goes on looking for tasks without them, a
 * field at a time, as an earlier program that still runs during an upgrade drops the keys of the tasks
 * that it changes.
 */
export const createSortKeyFill = (connection: Connection, table: FieldTable) => {
  const fields = laterFields(table)
  const marked = new Set<NamedField>()
  const indexed = new Set<NamedField>()
  const holder = randomUUID()
  const stopping = new AbortController()
  let isOurs = false

  /** Resolves with how long to wait until the next one. */
  const step = async (field: NamedField): Promise<number> => {
    const db = await connection.ready()
    if (!marked.has(field) && (await isFilled(db, field))) marked.add(field)
    if (!marked.has(field) && !indexed.has(field)) await createIndexes(db, table, field)
    indexed.add(field)
    const found = field.sort === undefined ? [] : await findUnfilled(db, table, field)
    if (found.length > 0) {
      isOurs = (await hold(leases(db), LEASE, holder, LEASE_MS)) !== undefined
      if (isOurs) await addKeys(db, field, found)
      return isOurs ? PAUSE_MS : OTHERS_TURN_MS
    }
    if (!marked.has(field)) await finish(db, field)
    marked.add(field)
    return IDLE_MS
  }

  const run = async (): Promise<void> => {
    for (let index = 0; !stopping.signal.aborted; ) {
      const field = fields[index % fields.length]
      if (field === undefined) return
      const wait = await step(field).catch(() => RETRY_MS)
      if (marked.has(field)) index += 1
      const isNextDue = marked.size < fields.length && marked.has(field)
      await sleep(isNextDue ? PAUSE_MS : wait, undefined, {
        signal: stopping.signal,
        ref: false,
      }).catch(() => {})
    }
    if (isOurs) await release(leases(await connection.ready()), LEASE, holder).catch(() => {})
  }
  const running = run()

  return {
    async stop(): Promise<void> {
      stopping.abort()
      await Promise.race([running, sleep(STOP_MS, undefined, { ref: false })])
    },
  }
}

const leases = (db: Db) => db.collection<LeaseDocument>('leases')

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

/** A task that has changed meanwhile is left alone: that change wrote its keys, or the next step finds it again. */
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
