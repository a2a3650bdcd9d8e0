import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { read } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { createOwners } from './ledger.ts'
import { expectHistories, expectKept, loadThrough, serves } from './mongodb-load.ts'
import { createServerPlace, type Part } from './mongodb-server.ts'

const ROUNDS = 2

const PARTS: readonly Part[] = ['ferretdb', 'postgres']

const server = await createServerPlace(afterAll)
beforeAll(server.start)

test.each(PARTS)(
  'kill -9 of %s under load loses no answered write and repeats none, and the service recovers by itself',
  async (part) => {
    const env = { DATABASE_URL: `${server.url}/${part}` }
    const service = await startProcess(env, createFolder())
    const owners = createOwners()
    for (let round = 0; round < ROUNDS; round++) {
      const tally = await loadThrough(service.url, owners, round, async () => {
        await sleep(700 + Math.random() * 300)
        await server.kill(part)
        expect((await fetch(`${service.url}/readyz`)).status).toBe(503)
        expect((await fetch(`${service.url}/livez`)).status).toBe(200)
        await server.restart(part)
        await serves(service.url)
      })
      expect(tally.slowest).toBeLessThan(tally.limit)
      expect(tally.done).toBeGreaterThan(0)
      expect(tally.outcome_unknown + tally.database_unavailable).toBeGreaterThan(0)
      await expectKept(service.url, owners)
    }
    await expectHistories(service.url, (await read<Task[]>(`${service.url}/tasks`)).slice(0, 50))
    expect(service.child.exitCode).toBe(null)
  },
)
