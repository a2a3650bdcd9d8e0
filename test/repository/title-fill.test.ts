import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { positionOf } from '#src/core/task-query.ts'
import { openDatabase } from '#src/repository/sqlite/driver.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK, type TaskDraft } from '#src/task/task.ts'
import { titles } from '../core/task-arbitraries.ts'
import { expectWhole, lookInto } from '../process/file-copy.ts'
import { filters, listOf, mixedDraft, type Sort } from './task-model.ts'
import { openStore, type Store } from './task-store.ts'
import { createVersion3File, readTitleFill } from './version-3-file.ts'

const anyTitles = titles.map((title) => title.trim()).filter((title) => title !== '')

/** More than some steps of the fill. */
const drafts = (count: number): TaskDraft[] =>
  fc.sample(anyTitles, count).map((title, index) => ({
    ...mixedDraft(index),
    title: index % 3 === 0 ? `Task ${index}` : title,
  }))

const ASCENDING: Sort = { key: 'title', descending: false }
const DESCENDING: Sort = { key: 'title', descending: true }

const ids = (tasks: readonly { readonly id: string }[]): string[] => tasks.map(({ id }) => id)

/** Lists by title of a few kinds, against the model. */
const expectRight = async ({ list }: Store): Promise<void> => {
  const tasks = await list({}, undefined, undefined, 5000)
  const [filter = {}] = fc.sample(filters, 1)
  for (const sort of [ASCENDING, DESCENDING]) {
    expect(ids(await list({}, sort, undefined, 5000))).toEqual(ids(listOf(tasks, {}, sort)))
    const middle = tasks[Math.floor(tasks.length / 3)]
    const after = middle && positionOf(middle, sort)
    expect([filter, ids(await list(filter, sort, after, 50))]).toEqual([
      filter,
      ids(listOf(tasks, filter, sort, after).slice(0, 50)),
    ])
  }
}

const filled = async (path: string): Promise<void> => {
  while (!readTitleFill(path).isDone) await sleep(10)
}

describe('a file from before titles had their keys', () => {
  test('is sorted by title rightly while it gets them, also as tasks change', async () => {
    const { path } = createVersion3File(drafts(1500))
    const store = await openStore(() => openSqliteRepository(path, TASK))
    expect(readTitleFill(path)).toEqual({ isDone: false, filled: 0, hasEarlierIndex: true })
    let rounds = 0
    while (!readTitleFill(path).isDone) {
      rounds++
      const tasks = await store.list({}, undefined, undefined, 5000)
      const [renamed, moved, removed] = fc.sample(fc.constantFrom(...tasks), 3)
      const [title = 'a', added = 'b'] = fc.sample(anyTitles, 2)
      await Promise.all([
        renamed && store.patch(renamed.id, { title }),
        moved && store.patch(moved.id, { status: 'completed', priority: 'low' }),
        removed && store.remove(removed.id),
        store.add({ title: added }),
      ])
      await expectRight(store)
    }
    expect(rounds).toBeGreaterThan(0)
    await expectRight(store)
    expect(readTitleFill(path).hasEarlierIndex).toBe(false)
    lookInto(path, expectWhole)
  })

  test('goes on where it was when it is opened again', async () => {
    const { path } = createVersion3File(drafts(2000))
    const first = openSqliteRepository(path, TASK)
    while (readTitleFill(path).filled === 0) await sleep(5)
    await first.close()
    const { isDone, filled: before } = readTitleFill(path)
    expect(isDone).toBe(false)
    lookInto(path, expectWhole)
    const store = await openStore(() => openSqliteRepository(path, TASK))
    expect(readTitleFill(path).filled).toBeGreaterThanOrEqual(before)
    await expectRight(store)
    await filled(path)
    await expectRight(store)
    expect(readTitleFill(path)).toEqual({ isDone: true, filled: 2000, hasEarlierIndex: false })
  })

  test('with a thousand equal titles as well', async () => {
    const { path } = createVersion3File(Array.from({ length: 1000 }, () => ({ title: 'É' })))
    const store = await openStore(() => openSqliteRepository(path, TASK))
    await expectRight(store)
    await filled(path)
    await expectRight(store)
  })

  test('without tasks has nothing to do', async () => {
    const { path } = createVersion3File([])
    const store = await openStore(() => openSqliteRepository(path, TASK))
    expect(readTitleFill(path)).toEqual({ isDone: true, filled: 0, hasEarlierIndex: false })
    await store.add()
    await expectRight(store)
  })
})

test('a title whose key another version of Unicode made is left nowhere when its task changes or goes', async () => {
  const { path } = createVersion3File([])
  const repository = openSqliteRepository(path, TASK)
  const before = await openStore(() => ({ ...repository, close: async () => {} }))
  const [changed, gone, kept] = [
    await before.add(),
    await before.add(),
    await before.add({ title: 'z' }),
  ]
  await repository.close()
  const db = openDatabase(path)
  db.exec("UPDATE task_titles SET title_key = 'other' || title_key WHERE key < 3")
  db.close()
  const store = await openStore(() => openSqliteRepository(path, TASK))
  await store.patch(changed.id, { title: 'é' })
  await store.remove(gone.id)
  expect(ids(await store.list({}, ASCENDING, undefined, 2))).toEqual([changed.id, kept.id])
  lookInto(path, expectWhole)
})
