import { expect, test } from 'vitest'
import { createCircuitBreaker } from '#src/jobs/circuit-breaker.ts'

/** A breaker with a store, and another system that answers probes. */
const start = (initial: string | null = null, probeMs = 3_600_000) => {
  const seen = {
    stored: initial,
    request: 0,
    probes: 0,
    answer: null as string | null | undefined,
  }
  const breaker = createCircuitBreaker<string>({
    initial,
    probeMs,
    save: async (reason) => {
      seen.stored = reason
    },
    readRequest: async () => seen.request,
    probe: async () => {
      seen.probes += 1
      return seen.answer
    },
  })
  return { breaker, seen }
}

test('it opens with a reason, which is stored, and waits until it probes', async () => {
  const { breaker, seen } = start()
  expect(breaker.reason()).toBe(null)
  await breaker.open('forbidden')
  expect([breaker.reason(), seen.stored]).toEqual(['forbidden', 'forbidden'])
  expect([await breaker.probeWhenDue(), seen.probes]).toEqual([false, 0])
})

test('it probes when somebody asks for it, and closes when the probe succeeds', async () => {
  const { breaker, seen } = start()
  await breaker.open('forbidden')
  seen.request += 1
  expect([await breaker.probeWhenDue(), seen.probes]).toEqual([true, 1])
  expect([breaker.reason(), seen.stored]).toEqual([null, null])
})

test('it probes when it is time, and stays open with the reason that it found', async () => {
  const { breaker, seen } = start(null, 0)
  await breaker.open('forbidden')
  seen.answer = 'archived'
  expect(await breaker.probeWhenDue()).toBe(true)
  expect([breaker.reason(), seen.stored]).toEqual(['archived', 'archived'])
  seen.answer = undefined
  expect(await breaker.probeWhenDue()).toBe(true)
  expect([breaker.reason(), seen.probes]).toEqual(['archived', 2])
})

test('one that an earlier process left open probes first of all', async () => {
  const { breaker, seen } = start('forbidden')
  expect([await breaker.probeWhenDue(), seen.probes]).toEqual([true, 1])
  expect(breaker.reason()).toBe(null)
})
