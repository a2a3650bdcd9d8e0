import type { Position } from '../../core/task-query.ts'
import type { StoredTask, TaskRepository } from '../../core/task-repository.ts'
import type { Database } from './binding.ts'
import { createCommits } from './commits.ts'
import { IN_MEMORY, openFile } from './file.ts'
import { createKeyOrder } from './key-order.ts'
import { type KeyPosition, planList } from './list-plan.ts'
import { createReadRun } from './read-run.ts'
import { createScanner, type Scan } from './scanner.ts'
import { createSync } from './sync.ts'
import { createTitleFill } from './title-fill.ts'
import { createToldLinks } from './told-links.ts'
import { createTurns, toDatabaseError } from './turns.ts'

/** A page of so many tasks is read at once where an index holds it; whatever takes longer goes to the scanner. */
const SHORT = 201

const HISTORY = `
  SELECT '{"sequence":' || sequence || ',' || substr(json, 2) AS json FROM events
  WHERE task_id = ?1 AND version > ?2 ORDER BY version LIMIT ?3`

/** Tasks in an SQLite file, or in memory for `:memory:`. Throws OpenError when the file cannot be had. */
export const openSqliteRepository = (path: string): TaskRepository => {
  const file = openFile(path)
  const { db } = file
  const turns = createTurns(db)
  const keyOrder = createKeyOrder(db)
  const commits = createCommits(db, keyOrder)
  const readRun = createReadRun(db)
  const toKeyPosition = createKeyPositions(db)
  const scanner = path === IN_MEMORY ? undefined : createScanner(path)
  const findTask = db.prepare('SELECT id, version, json FROM tasks WHERE id = ?')
  const findNewest = db.prepare('SELECT id FROM tasks ORDER BY key DESC LIMIT 1')
  const told = createToldLinks(db, turns, commits)
  const titleFill = createTitleFill(db, turns)
  /** Of tasks that were deleted since, too, as far as that counts. */
  let newestId = [(findNewest.get() as { id: string } | undefined)?.id ?? '', told.upTo()].sort()[1] || undefined

  const scan: Scan = async (legs, limit) => {
    if (scanner === undefined) return turns.read(() => readRun(legs, limit))
    try {
      return await scanner.scan(legs, limit)
    } catch (error) {
      throw toDatabaseError(error)
    }
  }

  return {
    async newestId() {
      return newestId
    },

    get: (id) => turns.read(() => findTask.get(id) as StoredTask | undefined),

    async list(query, after, limit) {
      const position = after && turns.look(() => toKeyPosition(after, query.sort.descending))
      const isKeyOrder = keyOrder.holds()
      const { legs, isFlat } = planList(query, position, isKeyOrder, titleFill.isDone())
      if (isFlat && limit <= SHORT) return turns.read(() => readRun(legs, limit))
      const run = await scan(legs, limit)
      /** A clock may have gone back while the scan waited its turn: then its order was taken for granted wrongly. */
      return isKeyOrder === keyOrder.holds() ? run : scan(planList(query, position, false, titleFill.isDone()).legs, limit)
    },

    history: (taskId, after, limit) => scan([{ sql: HISTORY, parameters: [taskId, after] }], limit),

    async create(task, event, key, link) {
      if (newestId !== undefined && task.id <= newestId) throw new Error('a new task must have an id after all others')
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
