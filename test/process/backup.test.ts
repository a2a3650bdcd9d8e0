import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { runCommand } from '../start-process.ts'
import {
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
import { openSmallDisk } from './small-disk.ts'

const WRITERS = 16

describe('backup', () => {
  test(`while ${WRITERS} clients write, it holds every task that was answered before it began`, async () => {
    const folder = createFolder()
    const service = await start(folder)
    const answered: Task[] = []
    let isDone = false
    const write = async (writer: number): Promise<void> => {
      for (let count = 0; !isDone; count++)
        answered.push(await create(service.url, `w${writer}x${count}`))
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
    expect(titles(tasksIn(folder, 'copy.db'))).toEqual(['Kept'])
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
    expectRefusal(
      await run(await folderWith(), ['backup', 'nowhere/copy.db']),
      /nowhere\/copy\.db/,
      /not found/,
    )
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
    ['sqlite:./absent.db', 1, /absent\.db not found/],
    ['mongodb://127.0.0.1:1/tasks', undefined, /MongoDB/],
  ])('of DATABASE_URL=%s is refused in a line', async (url, expected, words) => {
    const folder = createFolder()
    for (const command of ['backup', 'restore'].slice(0, url.includes('absent') ? 1 : 2)) {
      const { code, stdout, stderr } = await run(folder, [command, 'copy.db'], {
        DATABASE_URL: url,
      })
      expect({ isFailure: code !== 0, stdout }).toEqual({ isFailure: true, stdout: '' })
      if (expected !== undefined) expect(code).toBe(expected)
      expect(stderr).toMatch(/^task-manager-api: .+\n$/)
      expect(stderr).toMatch(words)
    }
    expect(readdirSync(folder)).toEqual([])
  })
})
