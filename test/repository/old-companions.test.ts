import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '#src/repository/sqlite/driver.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK, type Task } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { millisAt, toLinkedStore } from './linked-store.ts'
import { openStore } from './task-store.ts'
import { createVersion3File } from './version-3-file.ts'

/** The text of a task whose companion 0.1.0 had not written down yet. */
const toOldText = ({ external_url: _, ...task }: Task): string =>
  JSON.stringify({
    ...task,
    sync: {
      status: 'pending',
      issue_url: null,
      issue_number: null,
      last_synced_at: null,
      next_attempt_at: new Date(millisAt(7)).toISOString(),
      error: null,
    },
  })

/** A file of 0.1.0 with 1,200 tasks, of which the first and the last have such a companion. */
const createOldFile = () => {
  const { path, tasks } = createVersion3File(
    Array.from({ length: 1200 }, (_, index) => ({ title: `task ${index}` })),
    join(createFolder(), 'tasks.db'),
  )
  const pending = [tasks.at(0), tasks.at(-1)].filter((task) => task !== undefined)
  const db = openDatabase(path)
  const replace = db.prepare('UPDATE tasks SET json = ? WHERE id = ?')
  for (const task of pending) replace.run(toOldText(task), task.id)
  db.close()
  return { path, ids: pending.map(({ id }) => id) }
}

const open = async (path: string) =>
  toLinkedStore(await openStore(() => openSqliteRepository(path, TASK)))

test('a companion that 0.1.0 had not written down is due, wherever its task is', async () => {
  const { path, ids } = createOldFile()
  const { sync } = await open(path)
  const dueIds = async () => (await sync.dueLinks(millisAt(7), 9)).map(({ taskId }) => taskId)
  await expect.poll(dueIds).toEqual(ids)
  expect(await sync.countLinks()).toEqual({ pending: 2 })
})

test('it follows its task before it is written down, and is not made again', async () => {
  const { path, ids } = createOldFile()
  const { sync, patch, remove, forget } = await open(path)
  const [first = '', last = ''] = ids
  await patch(first, { title: 'changed' })
  expect(await sync.link(first)).toMatchObject({ wantedVersion: 2 })
  await remove(last)
  await forget(last)
  await expect.poll(() => sync.countLinks()).toEqual({ pending: 1 })
  expect(await sync.link(last)).toBeUndefined()
})
