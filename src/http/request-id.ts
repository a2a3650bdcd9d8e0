import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const SANE = /^[\w.:/+=@-]{1,128}$/

/**
 * Takes a caller's own X-Request-Id when it is sane, else makes one: short, and unique to this
 * process and request.
 */
export const createRequestIds = (): ((request: Pick<IncomingMessage, 'headers'>) => string) => {
  const prefix = randomBytes(6).toString('base64url')
  let count = 0
  return (request) => {
    const given = request.headers['x-request-id']
    if (typeof given === 'string' && SANE.test(given)) return given
    count += 1
    return `${prefix}-${count.toString(36)}`
  }
}
