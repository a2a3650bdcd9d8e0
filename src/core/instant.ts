const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):?(\d{2}))$/

/** The expectation in the error for an invalid date. */
export const INSTANT_EXPECTED =
  'an RFC 3339 date-time with a time zone, such as 2026-03-01T09:00:00Z'

const EARLIEST = Date.parse('0000-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

let [lastTime, lastText] = [0, new Date(0).toISOString()]

/**
 * An instant in UTC, of milliseconds since the epoch. It is made once for each millisecond, as many
 * requests share one.
 */
export const formatInstant = (milliseconds: number): string => {
  if (milliseconds !== lastTime)
    [lastText, lastTime] = [new Date(milliseconds).toISOString(), milliseconds]
  return lastText
}

const daysInMonth = (year: number, month: number): number =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : [4, 6, 9, 11].includes(month)
      ? 30
      : 31

/**
 * Reads an RFC 3339 date-time (section 5.6) and returns it in UTC with milliseconds, such as
 * `2026-03-01T08:00:00.000Z`; finer fractions are rounded down. An offset without its colon
 * (`+0100`), as many libraries write it, is accepted. Returns undefined for anything else: a
 * missing zone, a day that the month does not have, a leap second, or a year outside 0000–9999 once
 * in UTC.
 */
export const toInstant = (text: string): string | undefined => {
  const match = RFC_3339.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const [offsetHours, offsetMinutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (offsetHours > 23 || offsetMinutes > 59) return undefined
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const local = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}.000Z`) + milliseconds
  const utc = local - (match[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000
  return utc < EARLIEST || utc > LATEST ? undefined : new Date(utc).toISOString()
}
