import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createAddressMatcher } from './ip-address.ts'
import type { NetworkSettings } from './network-settings.ts'
import { pathOf } from './problem.ts'

/** Steps of plain characters: what else a header holds is not a path that a proxy strips. */
const PREFIX = /^(?:\/[\w.~!$&'()*+;=:@%-]+)+$/

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The path prefix that a proxy strips, such as `/api/v1`; empty when there is none or it is not
     * known.
     */
    readonly pathPrefix: string
  }
}

/**
 * Gives each request its `pathPrefix`: from X-Forwarded-Prefix where a trusted proxy sends it, else
 * from PUBLIC_URL. Redirects stay within it, also where it is not known.
 */
export const addPathPrefix = (app: FastifyInstance, settings: NetworkSettings): void => {
  const isTrusted = createAddressMatcher(settings.trustedProxies)
  const fallback = toPrefix(settings.publicUrl?.pathname) ?? ''
  app.decorateRequest('pathPrefix', {
    getter(this: FastifyRequest) {
      const given = this.headers['x-forwarded-prefix']
      if (given === undefined || !isTrusted(this.socket.remoteAddress ?? '')) return fallback
      return toPrefix(given.toString()) ?? fallback
    },
  })
  app.addHook('onSend', (request, reply, _, done) => {
    const location =
      reply.statusCode >= 300 && reply.statusCode < 400 ? reply.getHeader('location') : undefined
    if (typeof location === 'string' && location.startsWith('/'))
      reply.header('location', toRedirect(request, location))
    done()
  })
}

const toPrefix = (text: string | undefined): string | undefined => {
  const path = text?.trim().replace(/\/+$/, '')
  return path === '' || (path !== undefined && PREFIX.test(path)) ? path : undefined
}

/**
 * Clients resolve a redirect against the requested address, so a relative one works behind any path
 * prefix.
 */
const toRedirect = (request: FastifyRequest, path: string): string => {
  if (request.pathPrefix !== '') return request.pathPrefix + path
  const depth = pathOf(request.url).split('/').length - 2
  return `${'../'.repeat(depth) || './'}${path.slice(1)}`
}
