import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { listOf } from '../repository/task-model.ts'
import { createVersion3File, readTitleFill } from '../repository/version-3-file.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { expectWhole, lookInto } from './file-copy.ts'

const TASKS = 20_000

/** Titles in a mixed order, some of which differ by case and accents alone. */
const titleOf = (index: number): string =>
  `${['é', 'E', 'z', 'A', 'ß'][index % 5]} ${(index * 7919) % 1000}`

test('a kill -9 while titles get their keys loses none, and the next start goes on', async () => {
  const folder = createFolder()
  mkdirSync(join(folder, 'data'))
  const drafts = Array.from({ length: TASKS }, (_, index) => ({
    title: titleOf(index),
    labels: index % 50 === 0 ? ['few'] : [],
  }))
  const { path } = createVersion3File(drafts, join(folder, 'data/tasks.db'))

  const killed = await startProcess({}, folder)
  expect(
    (await sendJson(`${killed.url}/tasks`, 'POST', { title: 'Éclair', labels: ['few'] })).status,
  ).toBe(201)
  while (readTitleFill(path).filled === 0) await sleep(5)
  await killed.end('SIGKILL')
  const { isDone, filled } = readTitleFill(path)
  expect([isDone, filled > 0, filled < TASKS]).toEqual([false, true, true])
  lookInto(path, expectWhole)

  const { url } = await startProcess({}, folder)
  const tasks = await read<Task[]>(`${url}/tasks?label=few`)
  expect(tasks).toHaveLength(TASKS / 50 + 1)
  const sorted = listOf(await read<Task[]>(`${url}/tasks`), {}, { key: 'title', descending: false })
  const firstPage = async () =>
    (await read<Task[]>(`${url}/tasks?sort=title&limit=1000`)).map(({ title }) => title)
  const expected = sorted.slice(0, 1000).map(({ title }) => title)
  expect(await firstPage()).toEqual(expected)
  expect(await read<Task[]>(`${url}/tasks?sort=title&label=few`)).toEqual(
    listOf(tasks, {}, { key: 'title', descending: false }),
  )
  while (!readTitleFill(path).isDone) await sleep(50)
  expect(await firstPage()).toEqual(expected)
  expect(readTitleFill(path)).toEqual({ isDone: true, filled: TASKS + 1, hasEarlierIndex: false })
  lookInto(path, expectWhole)
}, 60_000)
