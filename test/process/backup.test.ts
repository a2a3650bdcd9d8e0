import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/core/task.ts'
import { openDatabase } from '#src/repository/sqlite/binding.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, runCommand, startProcess } from '../start-process.ts'
import { expectWhole, lookInto } from './file-copy.ts'
import { openSmallDisk } from './small-disk.ts'

const DATABASE = 'data/tasks.db'
const WRITERS = 16

const run = (folder: string, args: string[], env: Record<string, string> = {}) => runCommand(args, env, folder)

const start = (folder: string, database = DATABASE): Promise<RunningProcess> =>
  startProcess({ LOG_LEVEL: 'warn', DATABASE_URL: `sqlite:${database}` }, folder)

const create = async (url: string, title: string): Promise<Task> => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/tasks`, { method: 'POST', headers, body: JSON.stringify({ title, labels: ['a'] }) })
  expect(response.status).toBe(201)
  return (await response.json()) as Task
}

const tasksAt = async (url: string): Promise<Task[]> => (await fetch(`${url}/tasks`)).json() as Promise<Task[]>

/** The tasks in a database, as the service tells them. */
const tasksIn = async (folder: string, database = DATABASE): Promise<Task[]> => {
  const service = await start(folder, database)
  const tasks = await tasksAt(service.url)
  expect(await service.end('SIGTERM')).toBe(0)
  return tasks
}

/** A stopped service's folder with a database of these titles in it. */
const folderWith = async (...titles: string[]): Promise<string> => {
  const folder = createFolder()
  const service = await start(folder)
  for (const title of titles) await create(service.url, title)
  await service.end('SIGTERM')
  return folder
}

const titles = (tasks: readonly Task[]): string[] => tasks.map(({ title }) => title)

/** One line that says what to look at; no stack and no success. */
const expectRefusal = ({ code, stdout, stderr }: Awaited<ReturnType<typeof runCommand>>, ...named: (string | RegExp)[]): void => {
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^task-manager-api: .+\n$/)
  for (const text of named) expect(stderr).toMatch(text)
}

describe('backup', () => {
  test(`while ${WRITERS} clients write, it holds every task that was answered before it began`, async () => {
    const folder = createFolder()
    const service = await start(folder)
    const answered: Task[] = []
    let isDone = false
    const write = async (writer: number): Promise<void> => {
      for (let count = 0; !isDone; count++) answered.push(await create(service.url, `w${writer}x${count}`))
    }
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer))
    for (let round = 0; round < 3; round++) {
      const began = answered.length
      while (answered.length < began + 300) await create(service.url, 'waits')
      const before = [...answered]
      const file = join(folder, `${round}.db`)
      const { code, stdout, stderr } = await run(folder, ['backup', file])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(answered.length).toBeGreaterThan(before.length)
      const count = lookInto(file, (db) => {
        expectWhole(db)
        const stored = new Set(
          db
            .prepare('SELECT json FROM tasks')
            .all()
            .map(({ json }) => json),
        )
        expect(before.filter((task) => !stored.has(JSON.stringify(task)))).toEqual([])
        return stored.size
      })
      expect(stdout).toContain(`: ${count} tasks.`)
    }
    isDone = true
    await Promise.all(writers)
    expect(readdirSync(folder).sort()).toEqual(['0.db', '1.db', '2.db', 'data'])
  })

  test('is one file, also of a service that was killed, and needs no service', async () => {
    const folder = createFolder()
    const service = await start(folder)
    await create(service.url, 'Kept')
    await service.end('SIGKILL')
    expect((await run(folder, ['backup', 'copy.db'])).code).toBe(0)
    expect(readdirSync(folder).sort()).toEqual(['copy.db', 'data'])
    expect(titles(await tasksIn(folder, 'copy.db'))).toEqual(['Kept'])
  })

  test('never overwrites a file', async () => {
    const folder = await folderWith('Kept')
    writeFileSync(join(folder, 'mine'), 'mine')
    expectRefusal(await run(folder, ['backup', 'mine']), 'mine', /exists/)
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine')
    expectRefusal(await run(folder, ['backup', DATABASE]), DATABASE, /exists/)
    expect(readdirSync(folder).sort()).toEqual(['data', 'mine'])
  })

  test('leaves alone what another backup to the same file has written so far', async () => {
    const folder = await folderWith('Kept')
    writeFileSync(join(folder, 'copy.db.partial'), 'half')
    expectRefusal(await run(folder, ['backup', 'copy.db']), /copy\.db\.partial exists/)
    expect(readFileSync(join(folder, 'copy.db.partial'), 'utf8')).toBe('half')
  })

  test('to a folder that is not there is refused', async () => {
    expectRefusal(await run(await folderWith(), ['backup', 'nowhere/copy.db']), /nowhere\/copy\.db/, /no such/)
  })

  test('to a full disk is refused and leaves nothing behind', async () => {
    const disk = await openSmallDisk()
    if (disk === undefined) return
    const folder = await folderWith(...Array.from({ length: 50 }, (_, count) => `${count}`))
    disk.fill()
    const env = { DATABASE_URL: `sqlite:${join(folder, DATABASE)}` }
    const look = (args: string[]) => runCommand(args, env, disk.folder, disk.launcher)
    expectRefusal(await look(['backup', join(disk.folder, 'copy.db')]), /copy\.db/, /disk is full/)
    disk.free()
    expect((await look(['backup', join(disk.folder, 'copy.db')])).code).toBe(0)
  })

  test.each([
    ['none', 1, /none/],
    ['sqlite::memory:', 1, /memory/],
    ['sqlite:./absent.db', 1, /absent\.db cannot be found/],
    ['mongodb://127.0.0.1:1/tasks', undefined, /MongoDB/],
  ])('of DATABASE_URL=%s is refused in a line', async (url, expected, words) => {
    const folder = createFolder()
    for (const command of ['backup', 'restore'].slice(0, url.includes('absent') ? 1 : 2)) {
      const { code, stdout, stderr } = await run(folder, [command, 'copy.db'], { DATABASE_URL: url })
      expect({ isFailure: code !== 0, stdout }).toEqual({ isFailure: true, stdout: '' })
      if (expected !== undefined) expect(code).toBe(expected)
      expect(stderr).toMatch(/^task-manager-api: .+\n$/)
      expect(stderr).toMatch(words)
    }
    expect(readdirSync(folder)).toEqual([])
  })
})

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
    expect(await tasksIn(folder)).toEqual([kept])
    expect(titles(await tasksIn(folder, `${DATABASE}.before-restore-1`))).toEqual(['Later'])
  })

  test('of what a restore set aside undoes it', async () => {
    const folder = await folderWith('Old')
    await run(folder, ['backup', 'copy.db'])
    const service = await start(folder)
    await create(service.url, 'New')
    await service.end('SIGTERM')
    for (const file of ['copy.db', `${DATABASE}.before-restore-1`]) expect((await run(folder, ['restore', file])).code).toBe(0)
    expect(titles(await tasksIn(folder))).toEqual(['Old', 'New'])
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
    expect(titles(await tasksIn(folder))).toEqual(['Old'])
    expect(titles(await tasksIn(folder, `${DATABASE}.before-restore-1`))).toEqual(['Old', 'In the write-ahead log'])
  })

  test('to where there is no database makes one', async () => {
    const source = await folderWith('Moved')
    const folder = createFolder()
    await run(source, ['backup', join(folder, 'copy.db')])
    const { code, stdout } = await run(folder, ['restore', 'copy.db'])
    expect(code).toBe(0)
    expect(stdout).not.toContain('before')
    expect(titles(await tasksIn(folder))).toEqual(['Moved'])
  })

  test.each(['a damaged page', 'a damaged header'])('replaces a database with %s, and keeps it', async (kind) => {
    const folder = await folderWith('Kept')
    await run(folder, ['backup', 'copy.db'])
    const damaged = readFileSync(join(folder, DATABASE)).fill(0x5a, kind === 'a damaged page' ? 100 : 0)
    writeFileSync(join(folder, DATABASE), damaged)
    writeFileSync(join(folder, `${DATABASE}-wal`), 'left over')
    expect(await run(folder, ['restore', 'copy.db'])).toMatchObject({ code: 0, stderr: '' })
    expect(titles(await tasksIn(folder))).toEqual(['Kept'])
    expect(readFileSync(join(folder, `${DATABASE}.before-restore-1`))).toEqual(damaged)
    expect(readFileSync(join(folder, `${DATABASE}.before-restore-1-wal`), 'utf8')).toBe('left over')
  })

  test('is refused while another program reads the database', async () => {
    const folder = await folderWith('Kept')
    await run(folder, ['backup', 'copy.db'])
    const reader = openDatabase(join(folder, DATABASE))
    reader.exec('BEGIN; SELECT count(*) FROM tasks')
    expectRefusal(await run(folder, ['restore', 'copy.db']), DATABASE, /locked by another program/)
    reader.exec('COMMIT')
    reader.close()
    expect(titles(await tasksIn(folder))).toEqual(['Kept'])
  })

  test('killed at any moment leaves the old database or the new one, and can be run again', async () => {
    const folder = await folderWith('New')
    await run(folder, ['backup', 'new.db'])
    const service = await start(folder)
    await create(service.url, 'Old')
    await service.end('SIGTERM')
    const codes = new Set<number | null>()
    for (let patience = 40; patience < 400; patience += 20) {
      const { code } = await runCommand(['restore', 'new.db'], {}, folder, [], patience)
      codes.add(code)
      const count = lookInto(join(folder, DATABASE), (db) => {
        expectWhole(db)
        return db.prepare('SELECT json FROM tasks').all().length
      })
      expect(codes.has(0) ? [1] : [1, 2]).toContain(count)
    }
    expect(codes).toContain(null)
    expect((await run(folder, ['restore', 'new.db'])).code).toBe(0)
    expect(titles(await tasksIn(folder))).toEqual(['New'])
    expect(readdirSync(join(folder, 'data')).filter((name) => name.includes('restoring'))).toEqual([])
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
    absent: /there is no such file/,
    text: /not an SQLite database/,
    empty: /no database of this service/,
    foreign: /no database of this service/,
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

  test.each(Object.entries(UNFIT))('refuses a file that is %s, and the database stays as it was', async (kind, words) => {
    const folder = await folderWith('Kept')
    await run(folder, ['backup', 'copy.db'])
    makeUnfit(join(folder, 'copy.db'), kind)
    const file = { absent: 'absent.db', 'the database itself': DATABASE }[kind] ?? 'copy.db'
    const before = readFileSync(join(folder, DATABASE))
    expectRefusal(await run(folder, ['restore', file]), file, words)
    expect(readFileSync(join(folder, DATABASE))).toEqual(before)
    expect(readdirSync(join(folder, 'data')).filter((name) => name.includes('restor'))).toEqual([])
  })
})
