import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ifMatch, ifNoneMatch, toETag } from '#src/core/etag.ts'

const versions = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

test('an ETag is the quoted version', () => {
  expect(toETag(12)).toBe('"12"')
})

describe('If-Match', () => {
  test('lets every version pass where it is absent or a star', () => {
    for (const field of [undefined, '*', ' * ']) expect(ifMatch(field)(3)).toBe(true)
  })

  test('lets exactly the versions of its list pass', () => {
    fc.assert(
      fc.property(fc.array(versions, { minLength: 1 }), versions, fc.constantFrom(',', ', ', ' ,\t'), (listed, other, comma) => {
        const matches = ifMatch(listed.map(toETag).join(comma))
        for (const version of listed) expect(matches(version)).toBe(true)
        expect(matches(other)).toBe(listed.includes(other))
      }),
    )
  })

  test.for(['', 'W/"1"', '1', "'1'", '"1', '"01"', '"1.0"', '" 1"', '"2", W/"1"', '"*"'])(
    'does not let version 1 pass for %j',
    (field) => {
      expect(ifMatch(field)(1)).toBe(false)
    },
  )
})

describe('If-None-Match', () => {
  test.for(['"4"', 'W/"4"', '"1", "4"', ' W/"3" , W/"4" ', '*'])('knows version 4 in %j', (field) => {
    expect(ifNoneMatch(field, 4)).toBe(true)
  })

  test.for([undefined, '', '"3"', '4', 'w/"4"', '"44"', 'W/W/"4"'])('does not know version 4 in %j', (field) => {
    expect(ifNoneMatch(field, 4)).toBe(false)
  })
})
