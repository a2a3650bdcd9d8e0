import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toInstant } from '#src/core/instant.ts'
import { characters } from './task-arbitraries.ts'

const digits = (value: number, width: number): string => String(value).padStart(width, '0')

interface Written {
  readonly fields: readonly [
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  ]
  readonly fraction: string
  readonly sign: 1 | -1
  readonly offset: readonly [hours: number, minutes: number]
  readonly separator: 'T' | 't'
  readonly colon: ':' | ''
  readonly isZulu: boolean
}

/** Every field a little beyond what it may be. */
const written: fc.Arbitrary<Written> = fc.record({
  fields: fc.tuple(
    fc.oneof(fc.integer({ min: 0, max: 9999 }), fc.constantFrom(0, 1, 99, 1900, 2000, 2024, 9999)),
    fc.integer({ min: 0, max: 13 }),
    fc.oneof(fc.integer({ min: 0, max: 32 }), fc.constantFrom(28, 29, 30, 31)),
    fc.integer({ min: 0, max: 24 }),
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 0, max: 60 }),
  ),
  fraction: fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 9 }),
  sign: fc.constantFrom(1, -1),
  offset: fc.tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 60 })),
  separator: fc.constantFrom('T', 't'),
  colon: fc.constantFrom(':', ''),
  isZulu: fc.boolean(),
})

const toText = ({
  fields: [year, month, day, hour, minute, second],
  fraction,
  sign,
  offset,
  separator,
  colon,
  isZulu,
}: Written): string => {
  const zone = isZulu
    ? 'Z'
    : `${sign < 0 ? '-' : '+'}${digits(offset[0], 2)}${colon}${digits(offset[1], 2)}`
  const time = `${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}${fraction && `.${fraction}`}`
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}${separator}${time}${zone}`
}

/** What Date makes of the fields; undefined when it had to carry one over into the next. */
const model = ({
  fields: [year, month, day, hour, minute, second],
  fraction,
  sign,
  offset,
  isZulu,
}: Written): string | undefined => {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, Number(fraction.padEnd(3, '0').slice(0, 3)))
  const carried = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ]
  if (carried.join() !== [year, month, day, hour, minute].join() || second > 59) return undefined
  if (!isZulu && (offset[0] > 23 || offset[1] > 59)) return undefined
  if (!isZulu) date.setTime(date.getTime() - sign * (offset[0] * 60 + offset[1]) * 60_000)
  return /^\d{4}-/.test(date.toISOString()) ? date.toISOString() : undefined
}

describe('toInstant', () => {
  test('agrees with Date on every field, fraction and offset', () => {
    fc.assert(
      fc.property(written, (one) => {
        expect(toInstant(toText(one))).toBe(model(one))
      }),
      { numRuns: 5000 },
    )
  })

  test('gives its own answers back unchanged', () => {
    const dates = fc.date({
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(dates, (date) => {
        expect(toInstant(date.toISOString())).toBe(date.toISOString())
      }),
    )
  })

  test.for([
    ['2026-03-01T09:00:00Z', '2026-03-01T09:00:00.000Z'],
    ['2026-03-01t09:00:00z', '2026-03-01T09:00:00.000Z'],
    ['2026-03-01T09:00:00-00:00', '2026-03-01T09:00:00.000Z'],
    ['2026-03-01T00:30:00+05:45', '2026-02-28T18:45:00.000Z'],
    ['2026-03-01T00:30:00+0545', '2026-02-28T18:45:00.000Z'],
    ['1969-12-31T23:59:59.9999999Z', '1969-12-31T23:59:59.999Z'],
    ['2025-12-31T23:59:59.999999999-00:01', '2026-01-01T00:00:59.999Z'],
    ['2024-02-29T00:00:00.1Z', '2024-02-29T00:00:00.100Z'],
    ['2000-02-29T00:00:00.12Z', '2000-02-29T00:00:00.120Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.9999Z', '9999-12-31T23:59:59.999Z'],
  ] as const)('reads %s as %s', ([text, expected]) => {
    expect(toInstant(text)).toBe(expected)
  })

  test.for([
    ['no zone', '2026-03-01T09:00:00'],
    ['a date alone', '2026-03-01'],
    ['no seconds', '2026-03-01T09:00Z'],
    ['a space in place of T', '2026-03-01 09:00:00Z'],
    ['February 29 of a common year', '2026-02-29T00:00:00Z'],
    ['February 29 of a century', '1900-02-29T00:00:00Z'],
    ['April 31', '2026-04-31T00:00:00Z'],
    ['day 0', '2026-03-00T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['hour 24', '2026-03-01T24:00:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['a leap second by offset', '1990-12-31T15:59:60-08:00'],
    ['an offset of 24 hours', '2026-03-01T00:00:00+24:00'],
    ['an offset of 60 minutes', '2026-03-01T00:00:00+01:60'],
    ['an offset of hours alone', '2026-03-01T00:00:00+01'],
    ['an offset with two colons', '2026-03-01T00:00:00+01::00'],
    ['a year before 0000 once in UTC', '0000-01-01T00:00:00+00:01'],
    ['a year after 9999 once in UTC', '9999-12-31T23:59:59-00:01'],
    ['five digits of year', '12026-03-01T00:00:00Z'],
    ['a signed year', '+002026-03-01T00:00:00Z'],
    ['an empty fraction', '2026-03-01T00:00:00.Z'],
    ['ten digits of fraction', '2026-03-01T00:00:00.0123456789Z'],
    ['a comma fraction', '2026-03-01T00:00:00,5Z'],
    ['digits of another script', '２０２６-03-01T00:00:00Z'],
    ['white space around', ' 2026-03-01T00:00:00Z'],
    ['a line end', '2026-03-01T00:00:00Z\n'],
    ['nothing', ''],
  ] as const)('does not read %s', ([, text]) => {
    expect(toInstant(text)).toBeUndefined()
  })

  test('does not fail on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: characters }), (text) => {
        expect(toInstant(text)).toBeUndefined()
      }),
    )
  })
})
