import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acquireLease, type Lease, releaseLease } from '#src/core/lease.ts'

const LENGTH_MS = 10

const step = fc.record({
  holder: fc.constantFrom('a', 'b', 'c'),
  isRelease: fc.boolean(),
  passedMs: fc.nat({ max: 2 * LENGTH_MS }),
})

test('a lease has one holder at a time, and each new holder has a greater fencing token', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      let lease: Lease | undefined
      let now = 0
      for (const { holder, isRelease, passedMs } of steps) {
        now += passedMs
        const isTaken = lease !== undefined && lease.expiresAt > now && lease.holder !== holder
        const next = isRelease
          ? releaseLease(lease, holder)
          : acquireLease(lease, { holder, lengthMs: LENGTH_MS, now })
        if (isTaken) expect(next).toBeUndefined()
        else if (!isRelease) {
          expect(next).toMatchObject({ holder, expiresAt: now + LENGTH_MS })
          const isRenewal = lease !== undefined && lease.expiresAt > now
          expect(next?.fencingToken).toBe((lease?.fencingToken ?? 0) + (isRenewal ? 0 : 1))
        }
        lease = next ?? lease
      }
    }),
  )
})
