import { expect, onTestFinished, test } from 'vitest'
import type { Leases } from '#src/core/lease.ts'
import { type LeasedLoopOptions, startLeasedLoop, type Term } from '#src/jobs/leased-loop.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'

const PATIENCE = { timeout: 10_000 }

const openLeases = (): Leases => {
  const repository = openSqliteRepository(':memory:', TASK)
  onTestFinished(() => repository.close())
  return repository.leases
}

/** A loop that counts its terms and ticks. */
const start = (leases: Leases, given: Partial<LeasedLoopOptions> = {}) => {
  const terms: Term[] = []
  const warnings: string[] = []
  const seen = { ticks: 0, standBys: 0, terms, warnings }
  const loop = startLeasedLoop({
    leases,
    name: 'job',
    leaseMs: 60_000,
    retryMs: 5,
    stopMs: 5000,
    begin: async (term) => {
      terms.push(term)
      return async () => {
        seen.ticks += 1
        return 1
      }
    },
    standBy: async () => {
      seen.standBys += 1
    },
    warn: (_, message) => void warnings.push(message),
    ...given,
  })
  onTestFinished(() => loop.stop())
  return { seen, loop }
}

const ticks = ({ seen }: ReturnType<typeof start>, more = 2) => {
  const before = seen.ticks
  return expect.poll(() => seen.ticks, PATIENCE).toBeGreaterThan(before + more)
}

test('one of two loops ticks; when it stops, the other one does, with a greater token', async () => {
  const leases = openLeases()
  const first = start(leases)
  await ticks(first)
  const second = start(leases)
  await expect.poll(() => second.seen.standBys, PATIENCE).toBeGreaterThan(2)
  expect(second.seen.ticks).toBe(0)
  await first.loop.stop()
  const last = first.seen.ticks
  await ticks(second)
  expect(first.seen.ticks).toBe(last)
  expect(first.seen.terms[0]?.signal.aborted).toBe(true)
  expect(second.seen.terms[0]?.fencingToken).toBeGreaterThan(
    Number(first.seen.terms[0]?.fencingToken),
  )
})

test('a loop begins again after a failure, and says so', async () => {
  let failures = 2
  const loop = start(openLeases(), {
    begin: async () => async () => {
      if (failures-- > 0) throw new Error('no')
      loop.seen.ticks += 1
      return 1
    },
  })
  await ticks(loop)
  expect(loop.seen.warnings).toEqual(new Array(2).fill('the job «job» failed and begins again'))
})

test('a lease that another holder took is lost: the term ends, and a new one begins', async () => {
  let stolen = 0
  const leases: Leases = {
    acquire: async () => 1 + stolen,
    release: async () => {},
  }
  const loop = start(leases, { leaseMs: 60 })
  await ticks(loop)
  stolen = 1
  await expect.poll(() => loop.seen.terms.length, PATIENCE).toBe(2)
  expect(loop.seen.terms.map(({ isHeld }) => isHeld())).toEqual([false, true])
  expect(loop.seen.terms.map(({ fencingToken }) => fencingToken)).toEqual([1, 2])
})

test('a lease that cannot be renewed is lost when it expires', async () => {
  let isDown = false
  const leases: Leases = {
    async acquire() {
      if (isDown) throw new Error('down')
      return 1
    },
    release: async () => {},
  }
  const loop = start(leases, { leaseMs: 60 })
  await ticks(loop)
  isDown = true
  await expect.poll(() => loop.seen.terms[0]?.signal.aborted, PATIENCE).toBe(true)
  const last = loop.seen.ticks
  await expect
    .poll(() => loop.seen.warnings, PATIENCE)
    .toEqual(['the lease «job» cannot be acquired; trying again'])
  expect(loop.seen.ticks - last).toBeLessThanOrEqual(1)
  isDown = false
  await ticks(loop)
})

test('a stop waits for a tick no longer than it may', async () => {
  const loop = start(openLeases(), {
    stopMs: 20,
    begin: async () => () => new Promise<number>(() => (loop.seen.ticks += 1)),
  })
  await ticks(loop, 0)
  await loop.loop.stop()
  expect(loop.seen.ticks).toBe(1)
})

test('a wake-up ends a rest', async () => {
  const loop = start(openLeases(), {
    begin: async () => async () => {
      loop.seen.ticks += 1
      return 3_600_000
    },
  })
  await expect.poll(() => loop.seen.ticks, PATIENCE).toBe(1)
  loop.loop.wake()
  await expect.poll(() => loop.seen.ticks, PATIENCE).toBe(2)
})
