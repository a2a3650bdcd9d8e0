import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { HttpError, pathOf, sendProblem } from './problem.ts'

/** Answers what no route takes: 405 with the methods of a path that is known, else 404. Added before the routes, which it watches. */
export const refuseUnknownPaths = (app: FastifyInstance): void => {
  const paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()

  const refuseMethod = (methods: ReadonlySet<string>, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allow = [...methods].sort().join(', ')
    return sendProblem(new HttpError('method_not_allowed', `This path takes ${allow}`), request, reply.header('allow', allow))
  }

  /** A path of its own is not a task's id: GET /tasks/batch does not look for a task. */
  const refuseOwnPaths: onRequestHookHandler = (request, reply, done) => {
    const own = paths.get(pathOf(request.url))
    if (own === undefined) done()
    else refuseMethod(own.methods, request, reply)
  }

  app.addHook('onRoute', (route) => {
    const { url, method } = route
    if (url.includes(':')) route.onRequest = refuseOwnPaths
    const path = paths.get(url) ?? { pattern: toPattern(url), methods: new Set() }
    paths.set(url, path)
    for (const one of [method].flat()) path.methods.add(one)
  })

  app.setNotFoundHandler((request, reply) => {
    const path = [...paths.values()].find(({ pattern }) => pattern.test(pathOf(request.url)))
    return path === undefined || path.methods.has(request.method)
      ? sendProblem(new HttpError('route_not_found', 'Nothing is here: /docs lists what is'), request, reply)
      : refuseMethod(path.methods, request, reply)
  })
}

/** A route's path as an expression: a parameter is a step, a star is any rest. */
const toPattern = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:\w+/g, '[^/]+')
      .replace('*', '.*')}$`,
  )
