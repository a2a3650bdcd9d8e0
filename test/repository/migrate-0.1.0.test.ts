import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { type Database, openDatabase } from '#src/repository/sqlite/driver.ts'
import { openFile } from '#src/repository/sqlite/file.ts'
import { MIGRATIONS } from '#src/repository/sqlite/migrations.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { testMigratedLinks } from './migrated-links.ts'
import { testMigratedTasks } from './migrated-tasks.ts'
import { type Recorded, readFixture } from './recorded-answers.ts'

/** The version of the files that 0.1.0 wrote. */
const VERSION = 3

const loadFile = (): string => {
  const path = join(createFolder(), 'tasks.db')
  const db = openDatabase(path)
  db.exec(readFixture('sqlite.sql'))
  db.close()
  return path
}

const look = <T>(path: string, read: (db: Database) => T): T => {
  const db = openDatabase(path, { readOnly: true })
  try {
    return read(db)
  } finally {
    db.close()
  }
}

/** Every row of every table. */
const contentsOf = (db: Database): Record<string, unknown[]> => {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  return Object.fromEntries(
    tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${name}`).all()]),
  )
}

const recorded = JSON.parse(readFixture('sqlite-expected.json')) as Recorded
const load = async (): Promise<string> => `sqlite:${loadFile()}`

testMigratedTasks(load, recorded)
testMigratedLinks(load, recorded)

test('a copy is set aside that 0.1.0 can open, with all that it had', async () => {
  const path = loadFile()
  const before = look(path, contentsOf)
  await openSqliteRepository(path, TASK).close()
  const copies = readdirSync(dirname(path)).filter((name) => name.includes('.before-'))
  expect(copies).toEqual([`tasks.db.before-v${MIGRATIONS.length}`])
  const copy = join(dirname(path), copies[0] ?? '')
  expect(look(copy, (db) => db.prepare('PRAGMA user_version').get())).toEqual({
    user_version: VERSION,
  })
  expect(look(copy, contentsOf)).toEqual(before)
  openFile(copy, MIGRATIONS.slice(0, VERSION)).close()
})
