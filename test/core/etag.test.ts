import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkPreconditions, includesVersion, toETag } from '#src/core/preconditions.ts'
import { parseETags } from '#src/http/etag.ts'

const versions = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

const matches = (field: string, version: number): boolean | undefined => {
  const tags = parseETags(field)
  return tags && includesVersion(tags, version)
}

test('an ETag is the quoted version', () => {
  expect(toETag(12)).toBe('"12"')
})

describe('a field of ETags', () => {
  test.for(['*', ' * ', '\t*'])('includes every version as %j', (field) => {
    expect(matches(field, 3)).toBe(true)
  })

  test('includes exactly the listed versions, weak or strong', () => {
    const weak = fc.constantFrom('', 'W/')
    const comma = fc.constantFrom(',', ', ', ' ,\t', ',,', ' , , ')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(weak, versions, comma), { minLength: 1 }),
        versions,
        (listed, other) => {
          const field = listed.map(([prefix, version, end]) => prefix + toETag(version) + end)
          for (const [, version] of listed) expect(matches(field.join(''), version)).toBe(true)
          const isListed = listed.some(([, version]) => version === other)
          expect(matches(field.join(''), other)).toBe(isListed)
        },
      ),
    )
  })

  test.for(['"01"', '"1.0"', '""', '"*"', '"abc"', '"a,1"', '"\u00e9"', '"11"', '"\'1\'"'])(
    'may name tags that no version has, such as %j',
    (field) => {
      expect(matches(field, 1)).toBe(false)
    },
  )

  test.for([
    ...[
      '',
      ' ',
      ',',
      ' , ',
      '1',
      "'1'",
      '"1',
      '1"',
      '"',
      '" 1"',
      '"a b"',
      '"1" "2"',
      '"1"2',
      '"1";',
    ],
    ...['w/"1"', 'W/1', 'W/', 'W /"1"', 'W/W/"1"', '**', '*, "1"', '"1", *', '"1", 2', 'x, "1"'],
    ...['"\u007f"', '"\u0100"', '"1"\n', '\u00a0*', '"1",\u00a0"2"', '"\ud83d\ude00"'],
  ])('is refused as %j', (field) => {
    expect(parseETags(field)).toBeUndefined()
  })

  test('of any length is read in no time', () => {
    const many = '"1",'.repeat(1_000_000)
    expect(matches(many, 1)).toBe(true)
    expect(parseETags(`${many}1`)).toBeUndefined()
    expect(parseETags(' ,'.repeat(1_000_000))).toBeUndefined()
  })
})

describe('preconditions', () => {
  const check = (version: number, ifMatch?: string, ifNoneMatch?: string) =>
    checkPreconditions(version, {
      ifMatch: ifMatch === undefined ? undefined : parseETags(ifMatch),
      ifNoneMatch: ifNoneMatch === undefined ? undefined : parseETags(ifNoneMatch),
    })

  test.for([[], ['*'], ['"3"'], [undefined, '"2"'], ['"3"', '"2"']])('hold as %j', (fields) => {
    expect(check(3, ...fields)).toBeUndefined()
  })

  test.for([['"2"'], [undefined, '*'], [undefined, '"3"'], ['"3"', 'W/"3"'], ['*', '*']])(
    'refuse version 3 as %j and name its ETag',
    (fields) => {
      const refusal = check(3, ...fields)
      expect(refusal).toMatchObject({ code: 'version_mismatch', currentVersion: 3 })
      expect(refusal?.message).toContain('"3"')
    },
  )
})
