import { HttpError } from './problem.ts'

const ASCII = /^[\x21-\x7e]*$/

/**
 * Refuses a URL (RFC 3986) that could only be guessed at: bytes outside ASCII, and a query whose
 * percent-encoding is broken or is not UTF-8. The router checks the path in the same way. Throws
 * `malformed_request`.
 */
export const checkUrl = (url: string): void => {
  if (!ASCII.test(url)) throw malformed('must be ASCII; percent-encode other characters as UTF-8')
  const start = url.indexOf('?')
  if (start !== -1 && url.includes('%', start) && !isDecodable(url.slice(start)))
    throw malformed('has a query with broken percent-encoding, or one that is not UTF-8')
}

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const malformed = (problem: string): HttpError =>
  new HttpError('malformed_request', `The URL ${problem}`)
