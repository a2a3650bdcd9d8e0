import { randomUUID } from 'node:crypto'

const MARK = randomUUID()
const MARKED = new RegExp(`"${MARK}:(\\d+)"`, 'g')

/** JSON text in which bigints are plain digits, as GitHub writes ids. */
export const toJsonText = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? `${MARK}:${item}` : item,
  ).replace(MARKED, '$1')
