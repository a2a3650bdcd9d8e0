import { type JSONVisitor, type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser'
import { HttpError } from './problem.ts'

const BOM = '\uFEFF'
const [QUOTE, COLON, BACKSLASH] = ['"', ':', '\\'].map((one) => one.charCodeAt(0)) as [
  number,
  number,
  number,
]

/**
 * Reads a JSON text (RFC 8259); a byte order mark before it is skipped. Throws `malformed_json`
 * with the place of what is wrong, and for an object that has one name twice, of which JSON.parse
 * would keep the last without a word.
 */
export const parseJson = (text: string): unknown => {
  const json = text.startsWith(BOM) ? text.slice(BOM.length) : text
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw malformed(`The body is not valid JSON${findError(json)}`)
  }
  if (countMembers(json) > countNames(value))
    throw malformed(`The body has a name twice in one object${findDuplicate(json)}`)
  return value
}

/** How many members the objects of a valid text have: its colons outside strings. */
const countMembers = (json: string): number => {
  let count = 0
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === COLON) count += 1
    else if (code === QUOTE) at = endOfString(json, at)
  }
  return count
}

const endOfString = (json: string, start: number): number => {
  let end = json.indexOf('"', start + 1)
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end
}

const isEscaped = (json: string, quote: number): boolean => {
  let first = quote
  while (json.charCodeAt(first - 1) === BACKSLASH) first -= 1
  return (quote - first) % 2 === 1
}

/**
 * How many members are left in the value. With a stack of its own, as a text may be nested deeper
 * than calls may be.
 */
const countNames = (value: unknown): number => {
  let count = 0
  const left = [value]
  while (left.length > 0) {
    const one = left.pop()
    if (typeof one !== 'object' || one === null) continue
    const members = Object.values(one)
    if (!Array.isArray(one)) count += members.length
    for (const member of members) left.push(member)
  }
  return count
}

const findError = (json: string): string =>
  find(json, (found) => ({
    onError: (code, _, __, line, column) => found(`: ${toWords(code)} at ${toPlace(line, column)}`),
  }))

const findDuplicate = (json: string): string =>
  find(json, (found) => {
    const open: Set<string>[] = []
    return {
      onObjectBegin: () => void open.push(new Set()),
      onObjectEnd: () => void open.pop(),
      onObjectProperty: (name, _, __, line, column) => {
        const names = open.at(-1)
        if (names?.has(name))
          found(`: ${JSON.stringify(name.slice(0, 80).toWellFormed())} at ${toPlace(line, column)}`)
        names?.add(name)
      },
    }
  })

/** Walks through the text until something is found; empty when nothing is. */
const find = (
  json: string,
  createVisitor: (found: (what: string) => never) => JSONVisitor,
): string => {
  let result = ''
  try {
    visit(
      json,
      createVisitor((what) => {
        result = what
        throw new Error('found')
      }),
      { disallowComments: true },
    )
  } catch {
    /** Found, or nested too deep to walk through. */
  }
  return result
}

/** `PropertyNameExpected` → `property name expected` */
const toWords = (code: ParseErrorCode): string =>
  printParseErrorCode(code)
    .replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase()

const toPlace = (line: number, column: number): string => `line ${line + 1}, column ${column + 1}`

const malformed = (detail: string): HttpError => new HttpError('malformed_json', detail)
