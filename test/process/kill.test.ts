import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { read } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import { expectWhole, lookInto } from './file-copy.ts'
import { createOwners, loadAndEnd, verifyLedger } from './ledger.ts'

const KILLS = Number(process.env.KILLS ?? 6)
const WRITERS = 32

const start = (folder: string): Promise<RunningProcess> => startProcess({}, folder)

/** A few tasks by each door: what a list says, get, the history and search say too. */
const expectSameByEveryDoor = async (url: string, tasks: readonly Task[]): Promise<void> => {
  for (let count = 0; count < Math.min(10, tasks.length); count++) {
    const task = tasks[Math.floor(Math.random() * tasks.length)]
    expect(await read(`${url}/tasks/${task?.id}`)).toEqual(task)
    expect(await read(`${url}/tasks/${task?.id}/events`)).toHaveLength(task?.version ?? 0)
    expect(await read(`${url}/tasks?q=${task?.title}`)).toContainEqual(task)
  }
}

test(`${KILLS} times kill -9 under ${WRITERS} writers loses no answered write and leaves no half one`, {
  timeout: 30_000 + KILLS * 5000,
}, async () => {
  const folder = createFolder()
  const owners = createOwners(WRITERS)
  let service = await start(folder)
  let answered = 0
  for (let round = 0; round < KILLS; round++) {
    await loadAndEnd(service.url, owners, `r${round}`, 150 + Math.random() * 250, () =>
      service.end('SIGKILL'),
    )
    answered += owners.flat().filter(({ attempt }) => attempt === undefined).length
    lookInto(join(folder, 'data/tasks.db'), expectWhole)
    service = await start(folder)
    const stored = await read<Task[]>(`${service.url}/tasks`)
    verifyLedger(owners, stored)
    await expectSameByEveryDoor(service.url, stored)
  }
  expect(answered).toBeGreaterThan((KILLS * WRITERS) / 4)
})
