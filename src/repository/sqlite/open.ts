import type { FieldTable } from '../../core/field-table.ts'
import type { Slice } from '../../core/slice.ts'
import type { Position, TaskQuery } from '../../core/task-query.ts'
import type { StoredTask, TaskRepository } from '../../core/task-repository.ts'
import type { Database } from './binding.ts'
import { createCommits } from './commits.ts'
import { IN_MEMORY, openFile } from './file.ts'
import { createKeyOrder } from './key-order.ts'
import type { KeyPosition } from './list-conditions.ts'
import { planList } from './list-plan.ts'
import { MIGRATIONS } from './migrations.ts'
import { toSortColumn } from './next-position.ts'
import { createScanner, type Scan } from './scanner.ts'
import { createSliceReads, type Selection, type SelectRequest, toBuffer } from './slice-reads.ts'
import { createSync } from './sync.ts'
import { createTitleFill } from './title-fill.ts'
import { createToldLinks } from './told-links.ts'
import { createTurns, toDatabaseError } from './turns.ts'

/** A page of at most this many tasks is read on the main thread if an index holds it; longer reads go to the scanner. */
const SHORT_PAGE = 200

const HISTORY =
  'SELECT sequence AS key FROM events WHERE task_id = ?1 AND version > ?2 ORDER BY version LIMIT ?3'

/** Tasks in an SQLite file, or in memory for `:memory:`. Throws OpenError when the file cannot be had. */
export const openSqliteRepository = (
  path: string,
  table: FieldTable,
  migrations = MIGRATIONS,
): TaskRepository => {
  const file = openFile(path, migrations)
  const { db } = file
  const turns = createTurns(db)
  const keyOrder = createKeyOrder(db)
  const commits = createCommits(db, keyOrder, table)
  const reads = createSliceReads(db)
  const toKeyPosition = createKeyPositions(db)
  const scanner = path === IN_MEMORY ? undefined : createScanner(path)
  const findTask = db.prepare('SELECT id, version, json FROM tasks WHERE id = ?')
  const findNewest = db.prepare('SELECT id FROM tasks ORDER BY key DESC LIMIT 1')
  const told = createToldLinks(db, turns, commits)
  const titleFill = createTitleFill(db, turns)
  /** Of tasks that were deleted since, too, as far as that counts. */
  let newestId =
    [(findNewest.get() as { id: string } | undefined)?.id ?? '', told.upTo()].sort()[1] || undefined

  const scan: Scan = async (name, ...parameters) => {
    if (scanner === undefined)
      return turns.read(() =>
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
    return {
      whole: whole && toBuffer(whole),
      sizes,
      next,
      async read(from, end) {
        const request = {
          source,
          keys: keys.slice(from, end),
          largest: Math.max(...sizes.slice(from, end)),
        }
        const { bytes, count } = await scan('texts', request)
        return { bytes: toBuffer(bytes), end: from + count }
      },
    }
  }

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
    if (isFlat && limit <= SHORT_PAGE) return turns.read(() => reads.select(request))
    const selection = await scan('select', request)
    /** A clock may have gone back while the scan waited its turn: then its order was taken for granted wrongly. */
    return isKeyOrder === keyOrder.holds()
      ? selection
      : scan('select', {
          ...request,
          legs: planList(table, query, position, false, titleFill.isDone()).legs,
        })
  }

  return {
    async newestId() {
      return newestId
    },

    get: (id) => turns.read(() => findTask.get(id) as StoredTask | undefined),

    async list(query, after, limit, wholeBytes) {
      const position = after && turns.look(() => toKeyPosition(after, query.sort.descending))
      const selection = await selectTasks(query, position, limit, wholeBytes)
      return toSlice('tasks', selection, selection.next)
    },

    async history(taskId, after, limit, wholeBytes) {
      const legs = [{ sql: HISTORY, parameters: [taskId, after] }]
      const selection = await scan('select', { source: 'events', legs, limit, wholeBytes })
      return toSlice('events', selection, selection.hasMore ? after + limit : undefined)
    },

    async create(task, event, key, link) {
      if (newestId !== undefined && task.id <= newestId)
        throw new Error('a new task must have an id after all others')
      newestId = task.id
      return turns.commit(() => commits.create(task, event, key, link))
    },

    change: (id, decide, key) => turns.commit(() => commits.change(id, decide, key)),
    claim: (key) => turns.commit(() => commits.claim(key)),

    async ping() {
      await turns.read(() => findNewest.get())
    },

    sync: createSync(db, turns, commits, told, scan),
    eventLag: () => 0,

    async close() {
      titleFill.stop()
      turns.settle()
      await scanner?.close()
      file.close()
    },
  }
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
