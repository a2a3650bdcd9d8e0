import type { IncomingMessage } from 'node:http'
import { isLoopbackAddress, toAddress } from './ip-address.ts'
import type { NetworkSettings } from './network-settings.ts'
import { HttpError, pathOf } from './problem.ts'

/** Probes come to whatever address the orchestrator knows; GitHub's deliveries are signed. */
const EXEMPT = new Set(['/livez', '/readyz', '/github/webhook'])

/**
 * Refuses a request whose Host header names another site, and so may come from a page that rebound
 * its own name to our address (DNS rebinding). On a loopback address only names of this machine
 * pass; elsewhere also IP addresses and names without a dot, which no page on the web has. Throws
 * `malformed_request` or `host_not_allowed`.
 */
export const createHostCheck = (
  settings: NetworkSettings,
): ((request: IncomingMessage) => void) => {
  const isAllowed = createHostRule(settings)
  /** Clients send the same header again and again. */
  let lastAllowed: string | undefined

  return (request) => {
    const { host } = request.headers
    if (hasTwoHosts(request))
      throw new HttpError('malformed_request', 'A request must have one Host header, not several')
    if (host === lastAllowed && host !== undefined) return
    if (host === undefined) return requireOldProtocol(request)
    if (isAllowed(toHostName(host))) lastAllowed = host
    else if (!EXEMPT.has(pathOf(request.url ?? ''))) throw notAllowed(host)
  }
}

const createHostRule = ({
  host,
  publicUrl,
  allowedHosts,
}: NetworkSettings): ((name: string | undefined) => boolean) => {
  const names = new Set([host.toLowerCase(), toHostName(publicUrl?.host ?? ''), ...allowedHosts])
  const isLocal = host.toLowerCase() === 'localhost' || isLoopbackAddress(host)
  return (name) => {
    if (name === undefined) return false
    if (names.has(name) || isLoopbackName(name)) return true
    return !isLocal && (toAddress(name) !== undefined || !name.includes('.'))
  }
}

/** `localhost` and the names below it never leave the machine (RFC 6761, 6.3). */
const isLoopbackName = (name: string): boolean =>
  name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name)

/**
 * The name of a Host header (RFC 9110, 7.2), in lower case, without its port and a final dot;
 * undefined for no host at all.
 */
export const toHostName = (header: string): string | undefined =>
  /^(\[[\da-f:.]+\]|[\w.~-]+?)\.?(?::\d{0,5})?$/i
    .exec(header)?.[1]
    ?.toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')

const requireOldProtocol = ({ httpVersion }: IncomingMessage): void => {
  if (httpVersion !== '1.0')
    throw new HttpError('malformed_request', 'HTTP/1.1 requests must include a Host header')
}

/** Node keeps the first one alone in `headers`. */
const hasTwoHosts = ({ rawHeaders }: IncomingMessage): boolean => {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count > 1
}

const notAllowed = (host: string): HttpError =>
  new HttpError(
    'host_not_allowed',
    `This service is not known as ${JSON.stringify(host.slice(0, 100))}; add the name to ALLOWED_HOSTS, or set PUBLIC_URL`,
  )
