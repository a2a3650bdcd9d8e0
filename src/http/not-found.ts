import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { HttpError, pathOf, sendProblem } from './problem.ts'
import { appendHook } from './route-hooks.ts'

interface KnownPath {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

/**
 * Answers every request that no route takes: OPTIONS with the methods of the path, a wrong method
 * with 405, an unknown path with 404. Added before the routes, which it watches.
 */
export const addNotFoundHandler = (app: FastifyInstance): void => {
  const paths = new Map<string, KnownPath>()

  /** A path of its own comes before one with a parameter: /tasks/batch is not a task. */
  const find = (path: string): KnownPath | undefined =>
    paths.get(path) ?? [...paths.values()].find(({ pattern }) => pattern.test(path))

  const refuse = (
    { methods }: KnownPath,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply => {
    const allow = [...methods].sort().join(', ')
    reply.header('allow', allow)
    if (request.method === 'OPTIONS') return reply.code(204).send()
    return sendProblem(
      new HttpError('method_not_allowed', `Method not allowed; use ${allow}`),
      request,
      reply,
    )
  }

  /**
   * GET /tasks/batch is a wrong method, not a search for the task "batch"; and an empty step is no
   * id.
   */
  const preferStaticRoute: onRequestHookHandler = (request, reply, done) => {
    const name = toRoutePath(request)
    const path = paths.get(name)
    if (path !== undefined) refuse(path, request, reply)
    else if (name.includes('//') || name.endsWith('/')) sendProblem(notFound(), request, reply)
    else done()
  }

  app.addHook('onRoute', (route) => {
    const { url, method } = route
    if (url.includes(':')) route.onRequest = appendHook(preferStaticRoute, route.onRequest)
    const path = paths.get(url) ?? { pattern: toPattern(url), methods: new Set() }
    paths.set(url, path)
    for (const one of [method].flat()) path.methods.add(one)
  })

  app.setNotFoundHandler((request, reply) => {
    const path = find(toRoutePath(request))
    return path === undefined || path.methods.has(request.method)
      ? sendProblem(notFound(), request, reply)
      : refuse(path, request, reply)
  })
}

const notFound = (): HttpError =>
  new HttpError('route_not_found', 'No route matches this path; see /docs')

/** The path as the router sees it: without a trailing slash. */
const toRoutePath = (request: FastifyRequest): string => pathOf(request.url).replace(/(.)\/$/, '$1')

/** A route's path as an expression: a parameter is one step, a star any rest. */
const toPattern = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:\w+/g, '[^/]+')
      .replace('*', '.*')}$`,
  )
