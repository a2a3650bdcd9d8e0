import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Database, openDatabase } from '#src/repository/sqlite/driver.ts'
import { type OpenFile, openFile } from '#src/repository/sqlite/file.ts'
import { MIGRATIONS } from '#src/repository/sqlite/migrations.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { StartupError } from '#src/repository/startup-error.ts'
import { TASK } from '#src/task/task.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { createFolder } from '../start-app.ts'
import { createStore, openStore } from './task-store.ts'

const newPath = (): string => join(createFolder(), 'tasks.db')

/** Opens until the test ends. */
const open = (path: string, migrations?: readonly string[]): OpenFile => {
  const file = openFile(path, migrations)
  onTestFinished(() => file.close())
  return file
}

const openError = (path: string, migrations?: readonly string[]): unknown => {
  try {
    openFile(path, migrations).close()
  } catch (error) {
    return error
  }
  return undefined
}

/** Refused in one line that names the path, or for a link the file that it leads to. */
const expectRefused = (path: string, reason: RegExp, target = path): void => {
  const error = openError(path)
  expect(error).toBeInstanceOf(StartupError)
  const { message } = error as StartupError
  expect(message).toMatch(reason)
  expect([path, target].some((name) => message.startsWith(name))).toBe(true)
  expect(message).not.toContain('\n')
}

const pragma = (db: Database, name: string): unknown =>
  Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]

/** Runs SQL on a file as another program would. */
const runElsewhere = (path: string, sql: string): void => {
  const db = openDatabase(path)
  db.exec(sql)
  db.close()
}

const bytesOf = (path: string): string => readFileSync(path).toString('base64')

describe('a file that is not ours is refused and left as it is', () => {
  test('where it is no database', () => {
    const path = newPath()
    writeFileSync(path, 'Dear diary,\n'.repeat(1000))
    const before = bytesOf(path)
    expectRefused(path, /is not an SQLite database/)
    expect(bytesOf(path)).toBe(before)
  })

  test('where it is a database of another program', () => {
    const path = newPath()
    runElsewhere(path, 'CREATE TABLE tasks (id TEXT); INSERT INTO tasks VALUES (1)')
    const before = bytesOf(path)
    expectRefused(path, /another program/)
    expect(bytesOf(path)).toBe(before)
  })

  test('where another program left a write-ahead log behind', () => {
    const [path, live] = [newPath(), newPath()]
    const db = openDatabase(live)
    onTestFinished(() => db.close())
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE other (id TEXT); INSERT INTO other VALUES (1)')
    for (const end of ['', '-wal']) writeFileSync(path + end, readFileSync(live + end))
    const before = [path, `${path}-wal`].map(bytesOf)
    expectRefused(path, /another program/)
    expect([path, `${path}-wal`].map((one) => existsSync(one) && bytesOf(one))).toEqual(before)
  })

  test('where its schema is newer than this program', () => {
    const path = newPath()
    openFile(path).close()
    runElsewhere(path, 'PRAGMA user_version = 99')
    const before = bytesOf(path)
    expectRefused(path, /schema version 99/)
    expect(bytesOf(path)).toBe(before)
  })

  test('where it is a folder', () => {
    const path = newPath()
    mkdirSync(path)
    writeFileSync(join(path, 'note'), 'kept')
    expectRefused(path, /cannot be/)
    expect(readdirSync(path)).toEqual(['note'])
  })

  test('where a part of its path is a file', () => {
    const folder = createFolder()
    writeFileSync(join(folder, 'note'), 'kept')
    expectRefused(join(folder, 'note', 'tasks.db'), /is not a directory/)
    expectRefused(join(folder, 'note', 'deeper', 'tasks.db'), /is not a directory/)
    expect(readFileSync(join(folder, 'note'), 'utf8')).toBe('kept')
    expect(readdirSync(folder)).toEqual(['note'])
  })
})

describe('a file that is open', () => {
  test('is refused to a second one, and goes on serving the first', async () => {
    const path = newPath()
    const store = await openStore(() => openSqliteRepository(path, TASK))
    const task = await store.add()
    expectRefused(path, /is in use by another process/)
    await store.patch(task.id, { title: 'changed' })
    expect(await store.list()).toMatchObject([{ title: 'changed' }])
  })

  test('is refused under another name of its folder', () => {
    const path = newPath()
    open(path)
    const link = join(createFolder(), 'link')
    symlinkSync(dirname(path), link)
    expectRefused(join(link, 'tasks.db'), /is in use/, realpathSync(path))
  })

  test('is refused by way of a symbolic link to it', () => {
    const path = newPath()
    open(path)
    const link = join(createFolder(), 'linked.db')
    symlinkSync(path, link)
    expectRefused(link, /is in use/, realpathSync(path))
  })

  test('is free again once it is closed', () => {
    const path = newPath()
    openFile(path).close()
    expect(openError(path)).toBeUndefined()
  })

  test('is free again after an open that was refused', () => {
    const path = newPath()
    runElsewhere(path, 'CREATE TABLE other (id TEXT)')
    expectRefused(path, /another program/)
    runElsewhere(path, 'DROP TABLE other')
    expect(openError(path)).toBeUndefined()
  })
})

describe('a file that is ours', () => {
  test('is made with the folders that it needs, durable and checked', () => {
    const { db } = open(join(createFolder(), 'a', 'b', 'tasks.db'))
    expect(pragma(db, 'synchronous')).toBe(2)
    expect(pragma(db, 'journal_mode')).toBe('wal')
    expect(pragma(db, 'foreign_keys')).toBe(1)
    expect(pragma(db, 'user_version')).toBe(MIGRATIONS.length)
    expect(pragma(db, 'application_id')).toBe(0x7461736b)
  })

  test('is durable when it is opened again, too', () => {
    const path = newPath()
    openFile(path).close()
    const { db } = open(path)
    expect([
      pragma(db, 'synchronous'),
      pragma(db, 'journal_mode'),
      pragma(db, 'foreign_keys'),
    ]).toEqual([2, 'wal', 1])
  })

  test('may have been made empty by someone else', () => {
    const path = newPath()
    writeFileSync(path, '')
    expect(pragma(open(path).db, 'user_version')).toBe(MIGRATIONS.length)
  })

  test('has every task, event and key when it is opened again', async () => {
    const path = newPath()
    const key = { key: 'k', fingerprint: 'f', now: 0, expiresAt: 1000 }
    const first = openSqliteRepository(path, TASK)
    const before = createStore(first, createUuids(undefined))
    const tasks = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        before.add({ title: `task ${index}`, labels: ['l'] }),
      ),
    )
    const keyed = await before.create({ title: 'keyed' }, undefined, key)
    await first.close()
    const after = await openStore(() => openSqliteRepository(path, TASK))
    expect(await after.list()).toMatchObject([...tasks, { title: 'keyed' }])
    expect(await after.list({ labels: ['l'], words: ['nothing'] })).toEqual([])
    expect(await after.list({ labels: ['l'], words: ['299'] })).toEqual([tasks[299]])
    expect(await after.history(tasks[0]?.id ?? '')).toMatchObject([
      { sequence: 1, type: 'task.created' },
    ])
    expect(await after.create({ title: 'keyed' }, undefined, { ...key, now: 1 })).toEqual({
      ...keyed,
      replayed: true,
    })
    expect((await after.add()).id > (tasks[299]?.id ?? '')).toBe(true)
  })

  test('is whole without any other file once it is closed', async () => {
    const [path, copy] = [newPath(), newPath()]
    const first = openSqliteRepository(path, TASK)
    const task = await createStore(first, createUuids(undefined)).add()
    await first.close()
    writeFileSync(copy, readFileSync(path))
    expect(await (await openStore(() => openSqliteRepository(copy, TASK))).list()).toEqual([task])
  })

  test('lists words in order of creation also where the clock was set back before it was opened again', async () => {
    const path = newPath()
    const first = openSqliteRepository(path, TASK)
    const before = createStore(first, createUuids(undefined))
    for (const seconds of [5, 6, 4])
      await before.add({ title: `word ${seconds}` }, instantAt(seconds))
    await first.close()
    const after = await openStore(() => openSqliteRepository(path, TASK))
    await after.add({ title: 'word 7' }, instantAt(7))
    expect((await after.list({ words: ['word'] })).map(({ title }) => title)).toEqual([
      'word 4',
      'word 5',
      'word 6',
      'word 7',
    ])
  })

  test('has what was begun when it closed', async () => {
    const path = newPath()
    const first = openSqliteRepository(path, TASK)
    const store = createStore(first, createUuids(undefined))
    const begun = Array.from({ length: 600 }, (_, index) => store.add({ title: `task ${index}` }))
    await first.close()
    await Promise.all(begun)
    expect(await (await openStore(() => openSqliteRepository(path, TASK))).list()).toHaveLength(600)
  })
})
