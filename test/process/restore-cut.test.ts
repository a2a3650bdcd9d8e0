import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '#src/repository/sqlite/driver.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { openStore } from '../repository/task-store.ts'
import { createFolder } from '../start-app.ts'
import { runCommand } from '../start-process.ts'

const DATABASE = 'data/tasks.db'
const OLD = 40

/** A folder with a database of so many tasks. */
const folderWith = async (count: number): Promise<string> => {
  const folder = createFolder()
  mkdirSync(join(folder, 'data'))
  const repository = openSqliteRepository(join(folder, DATABASE), TASK)
  const { add } = await openStore(() => ({ ...repository, close: async () => {} }))
  for (let index = 0; index < count; index++) await add({ description: 'x'.repeat(10_000) })
  await repository.close()
  return folder
}

/** The database as a process leaves it that is killed in the midst of a write with a rollback journal, as one that folds the log is. */
const cutShort = (from: string, to: string): void => {
  /** On Node 20 the file itself is not let go of before this process ends. */
  const copy = join(from, 'copy.db')
  copyFileSync(join(from, DATABASE), copy)
  const db = openDatabase(copy)
  db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA cache_size = 1')
  db.exec(`BEGIN IMMEDIATE; UPDATE tasks SET json = replace(json, 'x', 'y')`)
  for (const end of ['', '-journal']) copyFileSync(`${copy}${end}`, join(to, `${DATABASE}${end}`))
  db.exec('ROLLBACK')
  db.close()
  expect(statSync(join(to, `${DATABASE}-journal`)).size).toBeGreaterThan(0)
}

const countIn = (path: string, like: string): unknown => {
  const db = openDatabase(path)
  try {
    return db.prepare('SELECT count(*) AS count FROM tasks WHERE json LIKE ?').get(like)?.count
  } finally {
    db.close()
  }
}

test('a restore goes on where one was killed while it folded the write-ahead log, and keeps what was there', async () => {
  const [folder, copy] = [await folderWith(1), await folderWith(OLD)]
  expect((await runCommand(['backup', 'new.db'], {}, folder)).code).toBe(0)
  cutShort(copy, folder)
  const { code, stderr } = await runCommand(['restore', 'new.db'], {}, folder, [], 20_000)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(countIn(join(folder, DATABASE), '%xxx%')).toBe(1)
  const before = join(folder, `${DATABASE}.before-restore-1`)
  expect([countIn(before, '%xxx%'), countIn(before, '%yyy%')]).toEqual([OLD, 0])
  expect(existsSync(join(folder, `${DATABASE}-journal`))).toBe(false)
})
