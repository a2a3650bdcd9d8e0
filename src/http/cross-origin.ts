import type { FastifyReply, FastifyRequest } from 'fastify'
import { addVary } from './compression.ts'
import type { NetworkSettings } from './network-settings.ts'
import { HttpError, pathOf } from './problem.ts'

/** GitHub's deliveries are signed, and come from no page. */
const EXEMPT = '/github/webhook'

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** What a page may read of an answer besides its body. */
const EXPOSED = 'ETag, Link, Location, Retry-After, Idempotent-Replayed, X-Request-Id, Operation-Id'

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers':
    'Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id',
  'access-control-max-age': '600',
} as const

/**
 * Tells browsers which pages may use the API (CORS,
 * https://fetch.spec.whatwg.org/#http-cors-protocol), and refuses a write that a page of another
 * origin sends: a browser sends some of those without asking first. Throws `origin_not_allowed`.
 */
export const createOriginCheck = ({ corsOrigins, publicUrl }: NetworkSettings) => {
  const named = new Set(corsOrigins)

  const admit = (origin: string, request: FastifyRequest, reply: FastifyReply): void => {
    reply
      .header('access-control-allow-origin', origin)
      .header('access-control-expose-headers', EXPOSED)
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
    if (isPreflight) reply.headers(PREFLIGHT)
  }

  return (request: FastifyRequest, reply: FastifyReply): void => {
    const { origin, host, 'sec-fetch-site': site } = request.headers
    if (named.size > 0) addVary(reply, 'Origin')
    if (origin !== undefined && named.has(origin)) {
      admit(origin, request, reply)
      return
    }
    if (READS.has(request.method) || pathOf(request.url) === EXEMPT) return
    if (site === undefined && origin === undefined) return
    const isOwn =
      site === undefined
        ? isSameOrigin(origin, host, publicUrl)
        : site === 'same-origin' || site === 'none'
    if (!isOwn) throw notAllowed(origin)
  }
}

/**
 * Whether a page of this origin was served by us. Behind a proxy that ends TLS, its scheme is not
 * ours.
 */
const isSameOrigin = (
  origin: string | undefined,
  host: string | undefined,
  publicUrl: URL | undefined,
): boolean => {
  if (origin === undefined || !URL.canParse(origin)) return false
  const page = new URL(origin)
  if (page.origin !== origin.toLowerCase() || !/^https?:$/.test(page.protocol)) return false
  return page.origin === publicUrl?.origin || page.host === toHost(host, page.protocol)
}

/** A Host header as a URL of this scheme would show it: lower case, without the default port. */
const toHost = (host: string | undefined, protocol: string): string | undefined => {
  const url = `${protocol}//${host}`
  return host !== undefined && URL.canParse(url) ? new URL(url).host : undefined
}

const notAllowed = (origin: string | undefined): HttpError =>
  new HttpError(
    'origin_not_allowed',
    `A page of another origin${origin === undefined ? '' : ` (${JSON.stringify(origin.slice(0, 100))})`} may not write; to allow it, add its origin to CORS_ORIGINS`,
  )
