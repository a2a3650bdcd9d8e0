import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLink } from '#src/github/issue/issue-link.ts'
import { createColumns } from '#src/repository/sqlite/columns.ts'
import { type Database, openDatabase } from '#src/repository/sqlite/driver.ts'
import { openFile } from '#src/repository/sqlite/file.ts'
import { MIGRATIONS } from '#src/repository/sqlite/migrations.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { StartupError } from '#src/repository/startup-error.ts'
import { createTask, TASK, type TaskDraft } from '#src/task/task.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { createFolder } from '../start-app.ts'
import { toSync } from './linked-store.ts'
import { openStore, toTask } from './task-store.ts'

const FIRST = 'CREATE TABLE things (name TEXT NOT NULL) STRICT'
const SECOND = `ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7; CREATE INDEX things_by_size ON things (size)`
const THIRD = 'CREATE TABLE more (name TEXT)'
const FAILING = 'CREATE TABLE half (name TEXT); INSERT INTO things (name) VALUES (NULL)'

/** A file at the first version, with one row. */
const fileOfVersion1 = (): string => {
  const path = join(createFolder(), 'tasks.db')
  const { db, close } = openFile(path, [FIRST])
  db.exec("INSERT INTO things VALUES ('old')")
  close()
  return path
}

const read = <T>(path: string, look: (db: Database) => T): T => {
  const db = openDatabase(path, { readOnly: true })
  try {
    return look(db)
  } finally {
    db.close()
  }
}

const rowsOf = (path: string): unknown[] =>
  read(path, (db) => db.prepare('SELECT * FROM things').all())
const versionOf = (path: string): unknown =>
  read(path, (db) => db.prepare('PRAGMA user_version').get())
const tablesOf = (path: string): unknown[] =>
  read(path, (db) =>
    db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all(),
  )

const migrate = (path: string, ...migrations: readonly string[]): void =>
  openFile(path, migrations).close()

describe('a file of an earlier version', () => {
  test('keeps its data when a migration is added', () => {
    const path = fileOfVersion1()
    migrate(path, FIRST, SECOND)
    expect(rowsOf(path)).toEqual([{ name: 'old', size: 7 }])
    expect(versionOf(path)).toEqual({ user_version: 2 })
  })

  test('is set aside as it was', () => {
    const path = fileOfVersion1()
    migrate(path, FIRST, SECOND)
    const copy = `${path}.before-v2`
    expect(rowsOf(copy)).toEqual([{ name: 'old' }])
    expect(versionOf(copy)).toEqual({ user_version: 1 })
  })

  test('can be had back from the copy', () => {
    const path = fileOfVersion1()
    migrate(path, FIRST, SECOND)
    const { db, close } = openFile(`${path}.before-v2`, [FIRST])
    onTestFinished(close)
    expect(db.prepare('SELECT name FROM things').all()).toEqual([{ name: 'old' }])
  })

  test('goes over several versions at once', () => {
    const path = fileOfVersion1()
    migrate(path, FIRST, SECOND, THIRD)
    expect(versionOf(path)).toEqual({ user_version: 3 })
    expect(tablesOf(path)).toEqual([{ name: 'more' }, { name: 'things' }])
    expect(rowsOf(`${path}.before-v3`)).toEqual([{ name: 'old' }])
  })

  test('is set aside also where an earlier copy was broken off', () => {
    const path = fileOfVersion1()
    writeFileSync(`${path}.before-v2.partial`, 'half a copy')
    migrate(path, FIRST, SECOND)
    expect(rowsOf(`${path}.before-v2`)).toEqual([{ name: 'old' }])
    expect(existsSync(`${path}.before-v2.partial`)).toBe(false)
  })
})

describe('a file of this version', () => {
  test('is neither changed nor set aside', () => {
    const path = fileOfVersion1()
    migrate(path, FIRST)
    migrate(path, FIRST)
    expect(rowsOf(path)).toEqual([{ name: 'old' }])
    expect(readdirSync(dirname(path)).filter((name) => name.includes('before'))).toEqual([])
  })

  test('is refused to a program of an earlier version', () => {
    const path = fileOfVersion1()
    migrate(path, FIRST, SECOND)
    expect(() => openFile(path, [FIRST])).toThrow(StartupError)
  })
})

describe('a migration that fails', () => {
  test('leaves version and data as they were', () => {
    const path = fileOfVersion1()
    expect(() => migrate(path, FIRST, SECOND, FAILING)).toThrow(/NOT NULL/)
    expect(versionOf(path)).toEqual({ user_version: 1 })
    expect(rowsOf(path)).toEqual([{ name: 'old' }])
    expect(tablesOf(path)).toEqual([{ name: 'things' }])
  })

  test('leaves a new file empty', () => {
    const path = join(createFolder(), 'tasks.db')
    expect(() =>
      migrate(path, 'CREATE TABLE things (name TEXT); INSERT INTO nowhere VALUES (1)'),
    ).toThrow(/nowhere/)
    expect(versionOf(path)).toEqual({ user_version: 0 })
    expect(tablesOf(path)).toEqual([])
  })

  test('can be tried again', () => {
    const path = fileOfVersion1()
    expect(() => migrate(path, FIRST, FAILING)).toThrow()
    migrate(path, FIRST, SECOND)
    expect(rowsOf(path)).toEqual([{ name: 'old', size: 7 }])
    expect(rowsOf(`${path}.before-v2`)).toEqual([{ name: 'old' }])
  })

  test('says why, also where SQLite itself undid the transaction', () => {
    const path = fileOfVersion1()
    const undone =
      'CREATE TABLE one (n INTEGER UNIQUE); INSERT INTO one VALUES (1); INSERT OR ROLLBACK INTO one VALUES (1)'
    expect(() => migrate(path, FIRST, undone)).toThrow(/UNIQUE/)
    expect(versionOf(path)).toEqual({ user_version: 1 })
  })

  test('says that the disk is full, where it is', () => {
    const path = fileOfVersion1()
    const filling =
      'PRAGMA max_page_count = 20; CREATE TABLE big (bytes BLOB); INSERT INTO big VALUES (zeroblob(1000000))'
    expect(() => migrate(path, FIRST, filling)).toThrow(/cannot be written: the disk is full/)
    expect(versionOf(path)).toEqual({ user_version: 1 })
  })
})

const DRAFTS: readonly TaskDraft[] = [
  { title: 'plain' },
  {
    title: `'"\\ \u2028 🚀`,
    description: 'line\nline\ttab "quoted" \\u0041 {"sync":1}',
    labels: ['a b', 'ÄÖ'],
  },
  {
    title: 'done',
    status: 'completed',
    priority: 'high',
    due_at: instantAt(5),
    external_reference_id: '9007199254740993',
  },
]

/** A file with tasks as the first version made it, before tasks told of their issues. */
const fileBeforeSync = () => {
  const path = join(createFolder(), 'tasks.db')
  const { db, close } = openFile(path, MIGRATIONS.slice(0, 1))
  const newId = createUuids(undefined)
  const columns = createColumns(TASK)
  const insert = db.prepare(
    `INSERT INTO tasks (id, json, ${columns.names}) VALUES (?, ?${', ?'.repeat(columns.names.length)})`,
  )
  const tasks = DRAFTS.map((draft, index) => createTask(draft, newId(), instantAt(index)))
  for (const task of tasks) {
    const { external_url: _, ...old } = task
    insert.run(task.id, JSON.stringify(old), ...Object.values(columns.of(task)))
  }
  close()
  return { path, tasks }
}

describe('a file from before the GitHub sync', () => {
  test('keeps each task as it was, and each says that it has no issue', async () => {
    const { path, tasks } = fileBeforeSync()
    const { repository, list } = await openStore(() => openSqliteRepository(path, TASK))
    expect(await list()).toEqual(tasks)
    for (const task of tasks)
      expect((await repository.tasks.get(task.id))?.json).toBe(JSON.stringify(task))
  })

  test('has tasks that can be linked and changed', async () => {
    const { path, tasks } = fileBeforeSync()
    const { repository, patch } = await openStore(() => openSqliteRepository(path, TASK))
    expect(await toSync(repository).unlinkedTasks(undefined, 10)).toEqual(tasks.map(({ id }) => id))
    for (const { id } of tasks) expect(await toSync(repository).addLink(id, 1)).toBe(true)
    const [first] = tasks
    expect(toTask(await patch(first?.id ?? '', { title: 'changed' }))).toMatchObject({
      version: 2,
      external_url: null,
    })
    expect(await toSync(repository).countLinks()).toEqual({ pending: tasks.length })
  })

  test('is set aside as it was', async () => {
    const { path, tasks } = fileBeforeSync()
    await openSqliteRepository(path, TASK).close()
    const copy = `${path}.before-v${MIGRATIONS.length}`
    expect(versionOf(copy)).toEqual({ user_version: 1 })
    expect(read(copy, (db) => db.prepare('SELECT count(*) AS count FROM tasks').get())).toEqual({
      count: tasks.length,
    })
  })

  test('may have links all the same, which are kept', async () => {
    const { path, tasks } = fileBeforeSync()
    const { db, close } = openFile(path, MIGRATIONS.slice(0, 1))
    db.exec(MIGRATIONS[1] ?? '')
    db.exec('DROP INDEX github_links_by_issue_id')
    db.exec(
      'CREATE UNIQUE INDEX github_links_by_issue_id ON github_links (issue_id) WHERE issue_id IS NOT NULL',
    )
    const link = createLink(tasks[0]?.id ?? '', 1)
    db.prepare('INSERT INTO github_links VALUES (?, ?, ?, ?, ?)').run(
      link.taskId,
      link.status,
      1,
      null,
      JSON.stringify(link),
    )
    close()
    const { repository } = await openStore(() => openSqliteRepository(path, TASK))
    expect(await toSync(repository).link(link.taskId)).toEqual(link)
  })
})

test('tasks of this version are there once a later one is added', async () => {
  const path = join(createFolder(), 'tasks.db')
  const repository = openSqliteRepository(path, TASK)
  const store = await openStore(() => ({ ...repository, close: async () => {} }))
  const tasks = await Promise.all(Array.from({ length: 20 }, () => store.add()))
  await repository.close()
  migrate(path, ...MIGRATIONS, THIRD)
  const rows = read(path, (db) => db.prepare('SELECT json FROM tasks ORDER BY key').all())
  expect(rows.map(({ json }) => JSON.parse(String(json)))).toEqual(tasks)
  const copy = `${path}.before-v${MIGRATIONS.length + 1}`
  expect(read(copy, (db) => db.prepare('SELECT count(*) AS count FROM tasks').get())).toEqual({
    count: 20,
  })
})
