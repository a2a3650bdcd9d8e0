import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '#src/repository/sqlite/driver.ts'
import type { Task } from '#src/task/task.ts'
import { read } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { runCommand } from '../start-process.ts'
import {
  addTasks,
  create,
  DATABASE,
  expectRefusal,
  folderWith,
  run,
  start,
  tasksIn,
  titles,
} from './database-folder.ts'
import { expectWhole, lookInto } from './file-copy.ts'

const tasksAt = (url: string): Promise<Task[]> => read<Task[]>(`${url}/tasks`)

describe('restore', () => {
  test('brings back what the backup holds and sets the present database aside', async () => {
    const folder = createFolder()
    const service = await start(folder)
    const kept = await create(service.url, 'Kept')
    await run(folder, ['backup', 'copy.db'])
    await fetch(`${service.url}/tasks/${kept.id}`, { method: 'DELETE' })
    await create(service.url, 'Later')
    expectRefusal(await run(folder, ['restore', 'copy.db']), /in use by another process/)
    expect(titles(await tasksAt(service.url))).toEqual(['Later'])
    await service.end('SIGTERM')

    const { code, stdout, stderr } = await run(folder, ['restore', 'copy.db'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('copy.db: 1 task.')
    expect(stdout).toContain('tasks.db.before-restore-1')
    expect(tasksIn(folder)).toEqual([kept])
    expect(titles(tasksIn(folder, `${DATABASE}.before-restore-1`))).toEqual(['Later'])
  })

  test('of what a restore set aside undoes it', async () => {
    const folder = await folderWith('Old')
    await run(folder, ['backup', 'copy.db'])
    await addTasks(folder, 'New')
    for (const file of ['copy.db', `${DATABASE}.before-restore-1`])
      expect(await run(folder, ['restore', file])).toMatchObject({ code: 0, stderr: '' })
    expect(titles(tasksIn(folder))).toEqual(['Old', 'New'])
    expect(readdirSync(join(folder, 'data')).filter((name) => name.includes('restor'))).toEqual([
      'tasks.db.before-restore-1',
      'tasks.db.before-restore-2',
    ])
  })

  test('sets aside all that a killed service had committed', async () => {
    const folder = await folderWith('Old')
    await run(folder, ['backup', 'copy.db'])
    const service = await start(folder)
    await create(service.url, 'In the write-ahead log')
    await service.end('SIGKILL')
    expect((await run(folder, ['restore', 'copy.db'])).code).toBe(0)
    expect(titles(tasksIn(folder))).toEqual(['Old'])
    expect(titles(tasksIn(folder, `${DATABASE}.before-restore-1`))).toEqual([
      'Old',
      'In the write-ahead log',
    ])
  })

  test('to where there is no database makes one', async () => {
    const source = await folderWith('Moved')
    const folder = createFolder()
    await run(source, ['backup', join(folder, 'copy.db')])
    const { code, stdout } = await run(folder, ['restore', 'copy.db'])
    expect(code).toBe(0)
    expect(stdout).not.toContain('before')
    expect(titles(tasksIn(folder))).toEqual(['Moved'])
  })

  test.each(['a damaged page', 'a damaged header'])(
    'replaces a database with %s, and keeps it',
    async (kind) => {
      const folder = await folderWith('Kept')
      await run(folder, ['backup', 'copy.db'])
      const damaged = readFileSync(join(folder, DATABASE)).fill(
        0x5a,
        kind === 'a damaged page' ? 100 : 0,
      )
      writeFileSync(join(folder, DATABASE), damaged)
      writeFileSync(join(folder, `${DATABASE}-wal`), 'left over')
      expect(await run(folder, ['restore', 'copy.db'])).toMatchObject({ code: 0, stderr: '' })
      expect(titles(tasksIn(folder))).toEqual(['Kept'])
      expect(readFileSync(join(folder, `${DATABASE}.before-restore-1`))).toEqual(damaged)
      expect(readFileSync(join(folder, `${DATABASE}.before-restore-1-wal`), 'utf8')).toBe(
        'left over',
      )
    },
  )

  test('is refused while another program reads the database', async () => {
    const folder = await folderWith('Kept')
    await run(folder, ['backup', 'copy.db'])
    const reader = openDatabase(join(folder, DATABASE))
    reader.exec('BEGIN; SELECT count(*) FROM tasks')
    expectRefusal(await run(folder, ['restore', 'copy.db']), DATABASE, /locked by another program/)
    reader.exec('COMMIT')
    reader.close()
    expect(titles(tasksIn(folder))).toEqual(['Kept'])
  })

  test('killed at any moment leaves the old database or the new one, and can be run again', {
    timeout: 90_000,
  }, async () => {
    const folder = await folderWith('New')
    await run(folder, ['backup', 'new.db'])
    await addTasks(folder, 'Old')
    const codes: (number | null)[] = []
    for (
      let patience = 40;
      !codes.includes(0) && patience < 5000;
      patience += Math.max(20, patience / 10)
    ) {
      codes.push((await runCommand(['restore', 'new.db'], {}, folder, [], patience)).code)
      const count = lookInto(join(folder, DATABASE), (db) => {
        expectWhole(db)
        return db.prepare('SELECT json FROM tasks').all().length
      })
      expect(codes.includes(0) ? [1] : [1, 2]).toContain(count)
    }
    expect(codes.length).toBeGreaterThan(1)
    expect(codes).toEqual([...codes.slice(1).map(() => null), 0])
    expect((await run(folder, ['restore', 'new.db'])).code).toBe(0)
    expect(titles(tasksIn(folder))).toEqual(['New'])
    expect(readdirSync(join(folder, 'data')).filter((name) => name.includes('restoring'))).toEqual(
      [],
    )
  })

  test('leaves the database of another program alone', async () => {
    const folder = await folderWith('Kept')
    await run(folder, ['backup', 'copy.db'])
    const other = openDatabase(join(folder, 'other.db'))
    other.exec('CREATE TABLE tasks (id TEXT)')
    other.close()
    const before = readFileSync(join(folder, 'other.db'))
    const refusal = await run(folder, ['restore', 'copy.db'], { DATABASE_URL: 'sqlite:other.db' })
    expectRefusal(refusal, 'other.db', /another program/)
    expect(readFileSync(join(folder, 'other.db'))).toEqual(before)
  })

  /** What a FILE may be that is no backup of this version, each with the words that tell so. */
  const UNFIT = {
    absent: /not found/,
    text: /not an SQLite database/,
    empty: /is not a task-manager-api database/,
    foreign: /is not a task-manager-api database/,
    newer: /999/,
    'cut short': /damaged/,
    'the database itself': /the database itself/,
  }

  const makeUnfit = (path: string, kind: string): void => {
    const sql = { foreign: 'PRAGMA application_id = 1', newer: 'PRAGMA user_version = 999' }[kind]
    if (kind === 'text') writeFileSync(path, 'a letter\n'.repeat(100))
    if (kind === 'empty') writeFileSync(path, '')
    if (kind === 'cut short') writeFileSync(path, readFileSync(path).subarray(0, 20_000))
    if (sql === undefined) return
    const db = openDatabase(path)
    db.exec(sql)
    db.close()
  }

  test.each(Object.entries(UNFIT))(
    'refuses a file that is %s, and the database stays as it was',
    async (kind, words) => {
      const folder = await folderWith('Kept')
      await run(folder, ['backup', 'copy.db'])
      makeUnfit(join(folder, 'copy.db'), kind)
      const file = { absent: 'absent.db', 'the database itself': DATABASE }[kind] ?? 'copy.db'
      const before = readFileSync(join(folder, DATABASE))
      expectRefusal(await run(folder, ['restore', file]), file, words)
      expect(readFileSync(join(folder, DATABASE))).toEqual(before)
      expect(readdirSync(join(folder, 'data')).filter((name) => name.includes('restor'))).toEqual(
        [],
      )
    },
  )
})
