// Fills a new database with tasks as a team would write them: the same ones every time.
import { createHash } from 'node:crypto'
import { constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createdEvent } from '../dist/core/event.js'
import { createTask } from '../dist/core/task.js'
import { createTaskService } from '../dist/core/task-service.js'
import { openDatabase } from '../dist/repository/sqlite/binding.js'
import { createCommits } from '../dist/repository/sqlite/commits.js'
import { openFile } from '../dist/repository/sqlite/file.js'
import { createKeyOrder } from '../dist/repository/sqlite/key-order.js'
import { MIGRATIONS } from '../dist/repository/sqlite/migrations.js'
import { createTaskIds } from '../dist/task-ids.js'

const COMMON = 'fix add review write update remove test deploy plan check'.split(' ')
const WORDS = Array.from(
  { length: 4000 },
  (_, index) => `${'bcdfghklmnprstvz'[index % 16]}${'aeiou'[index % 5]}${index.toString(36)}`,
)

/** A small generator of numbers (mulberry32), so that every run seeds the same. */
export const createRandom = (seed) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const pick = (random, list) => list[random(list.length)]

export const createDraft = (random) => ({
  title: `${pick(random, COMMON)} ${pick(random, WORDS)} ${pick(random, WORDS)} ${pick(random, WORDS)}`,
  description: Array.from({ length: 12 }, () => pick(random, WORDS)).join(' '),
  status: pick(random, ['pending', 'pending', 'in_progress', 'completed']),
  priority: pick(random, ['low', 'medium', 'medium', 'high']),
  labels: random(4) === 0 ? [pick(random, ['ops', 'web', 'docs', 'bug'])] : [],
  ...(random(3) === 0 ? { due_at: new Date(1.8e12 + random(3e7) * 1000).toISOString() } : {}),
})

/** Seeds an empty repository through the service's own write path and closes it. */
export const seed = async (repository, count) => {
  const service = createTaskService({ repository, now: Date.now, newId: createTaskIds(undefined) })
  const random = createRandom(1)
  for (let done = 0; done < count; done += 250) {
    await Promise.all(Array.from({ length: Math.min(250, count - done) }, () => service.create(createDraft(random), 'bench')))
  }
  await repository.close()
}

/** The newest task is as old as this, and each one before it is a minute older. */
const NEWEST = Date.UTC(2026, 0, 1)
const APART_MS = 60_000

/**
 * Seeds an SQLite file that does not exist yet: the service's schema and its own statements, in transactions that nobody waits for,
 * with the indexes made when the rows are there. Between the transactions a signal is heard.
 */
const seedFile = async (path, count) => {
  const { db, close } = openFile(path)
  const indexes = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'tasks' AND sql IS NOT NULL")
    .all()
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000')
  for (const { name } of indexes) db.exec(`DROP INDEX ${name}`)
  const commits = createCommits(db, createKeyOrder(db))
  const random = createRandom(1)
  const newId = createTaskIds(undefined)
  for (let done = 0; done < count; done += 20_000) {
    db.exec('BEGIN IMMEDIATE')
    for (let index = done; index < Math.min(count, done + 20_000); index++) {
      const createdAt = new Date(NEWEST - (count - index) * APART_MS).toISOString()
      const task = createTask(createDraft(random), newId(), createdAt)
      commits.create(task, createdEvent(task, 'bench'), undefined, undefined)
    }
    db.exec('COMMIT')
    await setImmediate()
  }
  for (const { sql } of indexes) db.exec(sql)
  close()
}

const ID_LENGTH = 36

/** The ids of a file that no service has open, oldest first. A million of them as strings would be a memory of their own. */
export const readIds = (path) => {
  const db = openDatabase(path)
  const rows = db.prepare("SELECT group_concat(id, '') AS ids FROM (SELECT id FROM tasks ORDER BY key)").get()
  db.close()
  const ids = Buffer.from(rows.ids ?? '', 'latin1')
  return { count: ids.length / ID_LENGTH, at: (index) => ids.latin1Slice(index * ID_LENGTH, (index + 1) * ID_LENGTH) }
}

/** The name of a seeded file in a folder where they are kept: another schema, or other tasks, have another name. */
const keptName = (count) => {
  const first = createTask(createDraft(createRandom(1)), '', new Date(NEWEST).toISOString())
  const made = createHash('sha256').update(MIGRATIONS.join()).update(JSON.stringify(first))
  return `tasks-${count}-${made.digest('hex').slice(0, 12)}.db`
}

/** A seeded file at `path`; with a folder to keep it in, copied from there the next time. */
export const provideFile = async (path, count, folder) => {
  if (folder === undefined) return seedFile(path, count)
  mkdirSync(folder, { recursive: true })
  const kept = join(folder, keptName(count))
  if (!existsSync(kept)) {
    const partial = mkdtempSync(`${kept}.`)
    try {
      await seedFile(join(partial, 'tasks.db'), count)
      renameSync(join(partial, 'tasks.db'), kept)
    } finally {
      rmSync(partial, { recursive: true, force: true })
    }
  }
  copyFileSync(kept, path, constants.COPYFILE_FICLONE)
}
