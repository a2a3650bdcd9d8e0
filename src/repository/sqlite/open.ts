import type { StoredEntity } from '../../core/commit.ts'
import type { TableEntity } from '../../core/entity.ts'
import { type StoredEvent, toEventText } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { Entities, Repository } from '../../core/repository.ts'
import type { Slice } from '../../core/slice.ts'
import { createTextReader } from '../../core/stored-text.ts'
import type { Position, TaskQuery } from '../../core/task-query.ts'
import { createCommits, type Rows } from './commits.ts'
import { createCompanions } from './companions.ts'
import { createCreationOrder } from './creation-order.ts'
import type { Database } from './driver.ts'
import { IN_MEMORY, openFile } from './file.ts'
import { createInbox } from './inbox.ts'
import { createKeyValue, createValueRows } from './key-value.ts'
import { createLeases } from './leases.ts'
import type { KeyPosition } from './list-conditions.ts'
import { planList } from './list-plan.ts'
import { MIGRATIONS } from './migrations.ts'
import { toSortColumn } from './next-position.ts'
import { fillCompanions } from './old-companions.ts'
import { RECORD_SQL } from './record-rows.ts'
import { createRecords } from './records.ts'
import { createScanner, type Scan } from './scanner.ts'
import { createSliceReads, type Selection, type SelectRequest, toBuffer } from './slice-reads.ts'
import { createTaskRows } from './task-rows.ts'
import { fillTitles } from './title-fill.ts'
import { createTransactionQueue, toDatabaseError } from './transaction-queue.ts'

/**
 * A page of at most this many tasks is read on the main thread if an index holds it; longer reads
 * go to the scanner.
 */
const SHORT_PAGE = 200

const HISTORY = `
  SELECT sequence AS key FROM events
  WHERE resource_id = ?1 AND version > ?2 AND resource = ?3 ORDER BY version LIMIT +?4`

/**
 * Tasks in an SQLite file, or in memory for `:memory:`. Throws StartupError when the file cannot be
 * had.
 */
export const openSqliteRepository = (
  path: string,
  table: FieldTable,
  migrations = MIGRATIONS,
): Repository => {
  const file = openFile(path, migrations)
  const { db } = file
  const queue = createTransactionQueue(db)
  const keyOrder = createCreationOrder(db)
  const commits = createCommits(db)
  const taskRows = createTaskRows(db, table, keyOrder)
  const reads = createSliceReads(db)
  const toKeyPosition = createKeyPositions(db)
  const scanner = path === IN_MEMORY ? undefined : createScanner(path)
  const findTask = db.prepare('SELECT id, version, json FROM tasks WHERE id = ?')
  const findNewest = db.prepare('SELECT id FROM tasks ORDER BY key DESC LIMIT 1')
  const values = createValueRows(db)
  const mayLackFields = values.read('has_earlier_texts') === true
  const texts = createTextReader(table)
  const companionFill = fillCompanions(db, queue, mayLackFields)
  const titleFill = fillTitles(db, queue)
  let maxId = [findNewest.get(), db.prepare(RECORD_SQL.maxId).get()]
    .flatMap((row) => (row?.['id'] as string | null | undefined) ?? [])
    .sort()
    .at(-1)

  const scan: Scan = async (name, ...parameters) => {
    if (scanner === undefined)
      return queue.read(() =>
        (reads[name] as (...given: typeof parameters) => never)(...parameters),
      )
    try {
      return await scanner.scan(name, ...parameters)
    } catch (error) {
      throw toDatabaseError(error)
    }
  }

  const toSlice = <Place>(
    source: SelectRequest['source'],
    selection: Selection,
    next: Place | undefined,
  ): Slice<Place> => {
    const { keys, sizes, whole } = selection
    const finish = (bytes: Uint8Array): Buffer => {
      if (source === 'events') return readEvents(toBuffer(bytes))
      return source === 'tasks' && mayLackFields ? texts.joined(toBuffer(bytes)) : toBuffer(bytes)
    }
    return {
      whole: whole && finish(whole),
      sizes,
      next,
      async read(from, end) {
        const request = {
          source,
          keys: keys.slice(from, end),
          largest: Math.max(...sizes.slice(from, end)),
        }
        const { bytes, count } = await scan('texts', request)
        return { bytes: finish(bytes), end: from + count }
      },
    }
  }

  /** Selects what an index holds in its order. */
  const select = (request: SelectRequest): Promise<Selection> =>
    request.limit <= SHORT_PAGE ? queue.read(() => reads.select(request)) : scan('select', request)

  const selectTasks = async (
    query: TaskQuery,
    position: KeyPosition | undefined,
    limit: number,
    wholeBytes: number,
  ) => {
    const isKeyOrder = keyOrder.holds()
    const { legs, isFlat } = planList(table, query, position, isKeyOrder, titleFill.isDone())
    const request: SelectRequest = {
      source: 'tasks',
      sort: toSortColumn(table.field(query.sort.key)),
      legs,
      limit,
      wholeBytes,
    }
    if (isFlat && limit <= SHORT_PAGE) return select(request)
    const selection = await scan('select', request)
    /**
     * A clock may have gone back while the scan waited its turn: then its order was taken for
     * granted wrongly.
     */
    return isKeyOrder === keyOrder.holds()
      ? selection
      : scan('select', {
          ...request,
          legs: planList(table, query, position, false, titleFill.isDone()).legs,
        })
  }

  /** What the stores of all kinds of entities have in common. */
  const entities = <E extends TableEntity>(
    resource: string,
    rows: Rows<E>,
  ): Omit<Entities<E>, 'get'> => ({
    async history(id, after, limit, wholeBytes) {
      const legs = [{ sql: HISTORY, parameters: [id, after, resource] }]
      const selection = await scan('select', { source: 'events', legs, limit, wholeBytes })
      return toSlice('events', selection, selection.hasMore ? after + limit : undefined)
    },

    async create(entity, event, key, companion) {
      if (maxId !== undefined && entity.id <= maxId)
        throw new Error('a new entity must have an id after all others')
      maxId = entity.id
      return queue.write(() => commits.create(rows, entity, event, key, companion))
    },

    change: (id, decide, key) => queue.write(() => commits.change(rows, id, decide, key)),
  })

  return {
    tasks: {
      ...entities('task', taskRows),

      async maxId() {
        return maxId
      },

      get: (id) =>
        queue.read(() => {
          const row = findTask.get(id) as StoredEntity | undefined
          return row && mayLackFields ? { ...row, json: texts.one(row.json) } : row
        }),

      async list(query, after, limit, wholeBytes) {
        const position = after && queue.readNow(() => toKeyPosition(after, query.sort.descending))
        const selection = await selectTasks(query, position, limit, wholeBytes)
        return toSlice('tasks', selection, selection.next)
      },

      reserveKey: (key) => queue.write(() => commits.reserveKey(key)),
    },

    records: createRecords(db, { queue, select, toSlice, entities }),
    companions: createCompanions(db, queue, commits, taskRows, scan),
    inbox: createInbox(db, queue),
    leases: createLeases(),
    values: createKeyValue(db, queue),
    events: { lagMs: () => 0 },

    async ping() {
      await queue.read(() => findNewest.get())
    },

    async close() {
      companionFill.stop()
      titleFill.stop()
      queue.flush()
      await scanner?.close()
      file.close()
    },
  }
}

/** Events joined by commas, as they are answered. */
const readEvents = (texts: Buffer): Buffer => {
  const events = JSON.parse(`[${texts}]`) as (StoredEvent & { readonly sequence: number })[]
  return Buffer.from(events.map((event) => toEventText(event.sequence, event)).join())
}

/** The place of an id among the keys, whether or not its task still is there. */
const createKeyPositions = (db: Database) => {
  const atOrBefore = db.prepare('SELECT key FROM tasks WHERE id <= ? ORDER BY id DESC LIMIT 1')
  const atOrAfter = db.prepare('SELECT key FROM tasks WHERE id >= ? ORDER BY id LIMIT 1')
  return ({ value, id }: Position, descending: boolean): KeyPosition => {
    const row = (descending ? atOrAfter : atOrBefore).get(id) as { key: number } | undefined
    return { value, key: row?.key ?? (descending ? Number.MAX_SAFE_INTEGER : 0) }
  }
}
