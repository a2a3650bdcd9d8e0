import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Leases } from '#src/core/lease.ts'
import { createGithubClock } from '#src/github/api/github-clock.ts'
import type { SyncContext } from '#src/github/step/sync-context.ts'
import { startWorker } from '#src/github/worker/worker.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'

/** A worker over a store of its own, whose lease is as told, and a GitHub that wants no call: its turns are counted. */
const start = (hold: Leases['acquire']) => {
  const repository = openSqliteRepository(':memory:', TASK)
  const counts = { holds: 0, turns: 0 }
  const leases: Leases = {
    ...repository.leases,
    acquire(...given) {
      counts.holds += 1
      return hold(...given)
    },
  }
  const isPaused = () => {
    counts.turns += 1
    return true
  }
  const openContext = async () =>
    ({
      values: repository.values,
      links: { links: async () => [] },
      limits: { isPaused },
      settings: { sweepIntervalMs: 60_000 },
      clock: createGithubClock(Date.now),
    }) as unknown as SyncContext
  const warnings: string[] = []
  const warn = (_: unknown, message: string) => void warnings.push(message)
  const worker = startWorker(leases, { leaseMs: 60_000, openContext, warn })
  onTestFinished(async () => {
    await worker.stop()
    await repository.close()
  })
  return { counts, warnings, worker }
}

const pokeFor = async (milliseconds: number, wake: () => void): Promise<void> => {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(1)) wake()
}

test('one that does not have the lease asks for it no more often under load', async () => {
  const { counts, worker } = start(async () => undefined)
  await pokeFor(400, worker.wake)
  expect(counts.holds).toBeLessThanOrEqual(3)
})

test('one that has it looks for work a few times a moment, however often it is told of some', async () => {
  const { counts, worker } = start(async () => 1)
  await pokeFor(400, worker.wake)
  expect(counts.turns).toBeGreaterThan(3)
  expect(counts.turns).toBeLessThanOrEqual(25)
})

test('a lease that can not be asked for is told of once, until it can again', async () => {
  let isDown = true
  const { counts, warnings } = start(async () => {
    if (isDown) throw new Error('down')
    return undefined
  })
  await expect.poll(() => counts.holds, { timeout: 5000 }).toBeGreaterThan(2)
  expect(warnings).toHaveLength(1)
  isDown = false
  const before = counts.holds
  await expect.poll(() => counts.holds, { timeout: 5000 }).toBeGreaterThan(before)
  isDown = true
  await expect.poll(() => warnings.length, { timeout: 5000 }).toBe(2)
})
