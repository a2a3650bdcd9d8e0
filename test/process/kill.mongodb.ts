import { expect, test } from 'vitest'
import { createDatabaseUrl } from '../mongodb.ts'
import { read } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { connectTo, expectWholeSequence } from './event-sequence.ts'
import { createOwners, loadAndEnd, verifyLedger } from './ledger.ts'
import { eventually, expectHistories, settledTasks } from './mongodb-load.ts'

const KILLS = 5

test(`${KILLS} times kill -9 of the service under load loses no answered write and leaves no half one`, {
  timeout: 120_000,
}, async () => {
  const url = await createDatabaseUrl()
  const db = await connectTo(url)
  const start = () => startProcess({ DATABASE_URL: url }, createFolder())
  const owners = createOwners()
  let service = await start()
  for (let round = 0; round < KILLS; round++) {
    await loadAndEnd(service.url, owners, `r${round}`, 400 + Math.random() * 400, () =>
      service.end('SIGKILL'),
    )
    service = await start()
    const stored = await settledTasks(service.url)
    verifyLedger(owners, stored)
    const some = stored.sort(() => Math.random() - 0.5).slice(0, 10)
    await expectHistories(service.url, some)
    for (const task of some) {
      expect(await read(`${service.url}/tasks/${task.id}`)).toEqual(task)
      expect(await read(`${service.url}/tasks?q=${task.title}`)).toContainEqual(task)
    }
  }
  await eventually(20_000, () => expectWholeSequence(db))
})
