import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toFingerprint } from '#src/core/fingerprint.ts'

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  )
}

describe('a fingerprint', () => {
  test('does not depend on the order of members at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(toFingerprint('p', shuffled(body))).toBe(toFingerprint('p', body))
      }),
    )
  })

  test('does not depend on white space', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const spaced: unknown = JSON.parse(JSON.stringify(body, null, 4))
        expect(toFingerprint('p', spaced)).toBe(toFingerprint('p', body))
      }),
    )
  })

  test('differs where the bodies differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const isSame =
          JSON.stringify(shuffled(a)) === JSON.stringify(shuffled(b)) ||
          JSON.stringify(a) === JSON.stringify(b)
        fc.pre(!isSame)
        expect(toFingerprint('p', a)).not.toBe(toFingerprint('p', b))
      }),
    )
  })

  test.for([
    [{ title: 'a' }, { title: 'A' }],
    [{ labels: ['a', 'b'] }, { labels: ['b', 'a'] }],
    [{ a: null }, {}],
    [{ a: 1 }, { a: '1' }],
    [{ a: { b: 1 } }, { a: { c: 1 } }],
    [[], {}],
  ] as const)('tells %j from %j', ([a, b]) => {
    expect(toFingerprint('p', a)).not.toBe(toFingerprint('p', b))
  })

  test('depends on the purpose', () => {
    expect(toFingerprint('create', { title: 'a' })).not.toBe(toFingerprint('batch', { title: 'a' }))
  })
})
