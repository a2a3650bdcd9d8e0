import { expect, test } from 'vitest'
import { createDatabaseUrl } from '../mongodb.ts'
import { createFolder } from '../start-app.ts'
import { isWhole } from './crash-figures.ts'
import { runCrashes } from './crash-run.ts'

const TASKS = 40
const PATIENCE_MS = 300_000

/** The short form of `npm run crash:github`. */
test(`${TASKS} tasks through faults and kills, on MongoDB: as many issues, none twice, none lost`, {
  timeout: PATIENCE_MS + 30_000,
}, async () => {
  const databaseUrl = await createDatabaseUrl()
  const run = await runCrashes({
    tasks: TASKS,
    faultRate: 0.45,
    killEveryMs: 1500,
    seed: 1,
    databaseUrl,
    folder: createFolder(),
    patienceMs: PATIENCE_MS,
  })
  expect(isWhole(run, TASKS), JSON.stringify(run, null, 2)).toBe(true)
})
