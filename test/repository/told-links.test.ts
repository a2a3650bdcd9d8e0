import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { millisAt, toLinkedStore } from './linked-store.ts'
import { openStore } from './task-store.ts'

const openAt = async (path: string) =>
  toLinkedStore(await openStore(() => openSqliteRepository(path, TASK)))

test('a link that its task alone tells of is found behind more tasks without one than are looked at together', async () => {
  const { add, addLinked, sync } = await openAt(':memory:')
  const first = await addLinked()
  await Promise.all(Array.from({ length: 1200 }, () => add()))
  const last = await addLinked()
  expect((await sync.dueLinks(millisAt(0), 9)).map(({ taskId }) => taskId)).toEqual([
    first.id,
    last.id,
  ])
  expect(await sync.unlinkedTasks(undefined, 2000)).toHaveLength(1200)
})

test('no id comes again, also of tasks that are deleted, once links are written down up to it', async () => {
  const path = join(createFolder(), 'tasks.db')
  const repository = openSqliteRepository(path, TASK)
  const { addLinked, forget, remove, sync } = toLinkedStore(
    await openStore(() => ({ ...repository, close: async () => {} })),
  )
  const { id } = await addLinked()
  await sync.dueLinks(millisAt(0), 9)
  await remove(id)
  await forget(id)
  await repository.close()
  const again = openSqliteRepository(path, TASK)
  expect(await again.newestId()).toBe(id)
  await again.close()
})
