import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createGithubClock } from '#src/github/api/github-clock.ts'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

/** Clocks have whole milliseconds. */
const ROUNDING_MS = 2

/** So that time passes only where a test says so. */
beforeAll(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterAll(() => void vi.useRealTimers())

/** A GitHub whose time is the monotonic clock's plus `base`, and a clock of ours that can be set. */
const start = (base: number, aheadMs: number) => {
  let ahead = aheadMs
  let slept = 0
  const githubNow = (): number => performance.now() + slept + base
  const clock = createGithubClock(() => Math.floor(githubNow() + ahead))
  return {
    clock,
    /** An answer that was this long on its way, and that GitHub made in the middle of it. */
    answer(milliseconds = 0): void {
      const date = new Date(githubNow() - milliseconds / 2).toUTCString()
      clock.measure(date, performance.now() - milliseconds)
    },
    set(next: number): void {
      ahead = next
    },
    /** All clocks go on, but the monotonic one. */
    sleep(milliseconds: number): void {
      slept += milliseconds
    },
    /** How early it takes GitHub's time to be, in milliseconds. */
    early: (): number => githubNow() - clock.now(),
    /** How wrong the offset is. */
    error: (): number => Math.abs((clock.offset() ?? Number.NaN) - ahead),
  }
}

const bases = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') })
/** Too far to be a matter of measurement. */
const offsets = fc
  .tuple(fc.constantFrom(-1, 1), fc.integer({ min: 5000, max: 10 * DAY_MS }))
  .map(([sign, size]) => sign * size)
const delays = fc.integer({ min: 0, max: 1000 })

test('any clock: GitHub is taken to be early by no more than a second and the way of the answer, never late', () => {
  fc.assert(
    fc.property(bases, offsets, delays, (base, offset, delay) => {
      const { clock, answer, early, error } = start(base, offset)
      answer(delay)
      for (const later of [0, HOUR_MS]) {
        vi.advanceTimersByTime(later)
        expect(early()).toBeGreaterThanOrEqual(-ROUNDING_MS)
        expect(early()).toBeLessThanOrEqual(1000 + delay + ROUNDING_MS)
        expect(error()).toBeLessThanOrEqual(1000 + delay + ROUNDING_MS)
        expect(clock.certainNow()).toBe(clock.now())
        expect(clock.toGithub(clock.toOurs(base))).toBe(base)
      }
    }),
  )
})

test('more answers measure better', () => {
  const { answer, error } = start(Date.parse('2026-03-01T09:00:00.500Z'), DAY_MS)
  for (let count = 0; count < 100; count += 1) {
    answer(20)
    vi.advanceTimersByTime(130)
  }
  expect(error()).toBeLessThanOrEqual(50)
})

test('a clock that is right has no offset, however slow the answers are', () => {
  fc.assert(
    fc.property(bases, fc.array(delays, { minLength: 1, maxLength: 5 }), (base, answers) => {
      const { clock, answer } = start(base, 0)
      for (const delay of answers) {
        answer(delay)
        vi.advanceTimersByTime(delay)
        expect(clock.offset()).toBe(0)
      }
    }),
  )
})

test('a clock that is put back changes the offset at once, one that is put forward with the next answer', () => {
  fc.assert(
    fc.property(bases, offsets, offsets, (base, before, change) => {
      fc.pre(Math.abs(before + change) > 1000)
      const { clock, answer, set, early, error } = start(base, before)
      answer()
      set(before + change)
      expect(clock.certainNow() === null).toBe(change > 0)
      if (change > 0) answer()
      expect(early()).toBeGreaterThanOrEqual(-ROUNDING_MS)
      expect(early()).toBeLessThanOrEqual(1000 + ROUNDING_MS)
      expect(error()).toBeLessThanOrEqual(1000 + ROUNDING_MS)
    }),
  )
})

test('a machine that sleeps does not lose the time', () => {
  const { clock, answer, sleep, early } = start(Date.parse('2026-03-01'), 0)
  answer()
  sleep(DAY_MS)
  expect(early()).toBeLessThanOrEqual(ROUNDING_MS)
  expect(clock.offset()).toBe(0)
})

test('before the first answer the assumed offset counts, and none is shown', () => {
  const { clock, answer, early } = start(Date.parse('2026-03-01'), DAY_MS)
  clock.assume(DAY_MS)
  expect(Math.abs(early())).toBeLessThanOrEqual(ROUNDING_MS)
  expect([clock.offset(), clock.certainNow()]).toEqual([undefined, null])
  for (const date of [null, '', 'yesterday']) clock.measure(date, performance.now())
  expect(clock.offset()).toBeUndefined()
  answer()
  expect(clock.offset()).toBeDefined()
})
