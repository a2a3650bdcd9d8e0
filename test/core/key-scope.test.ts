import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toKey } from '#src/core/idempotency.ts'
import { newContext } from '../request-context.ts'

/** Few of each, so that most of two requests is often the same. */
const requests = fc.record({
  key: fc.constantFrom('a', 'b', ' ', ':b', '+note', '@b', '#0'),
  caller: fc.constantFrom(null, 'a', 'b'),
  index: fc.constantFrom(undefined, 0),
  entityId: fc.constantFrom(undefined, 'a', 'b'),
  resource: fc.constantFrom(undefined, 'note', 'memo'),
})
type Request = typeof requests extends fc.Arbitrary<infer R> ? R : never

const storedAs = ({ key, caller, index, entityId, resource }: Request): string | undefined => {
  const actor = { type: 'user', id: caller, name: null } as const
  const own = { key, fingerprint: 'f', ...(index !== undefined && { index }) }
  return toKey(newContext({ actor, key: own }), entityId, resource)?.key
}

/** An operation of a batch belongs to its batch, whichever task it changes. */
const scopeOf = ({ key, caller, index, entityId, resource }: Request): string =>
  JSON.stringify(index === undefined ? [key, caller, entityId, resource] : [key, caller, index])

test('keys are the same only within one scope: caller, kind, entity or place in a batch', () => {
  fc.assert(
    fc.property(requests, requests, (one, other) => {
      const isSame = storedAs(one) === storedAs(other)
      expect(isSame).toBe(scopeOf(one) === scopeOf(other))
    }),
    { numRuns: 1000 },
  )
})
