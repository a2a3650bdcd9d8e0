import type { Socket } from 'node:net'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyTypeProvider,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import Type, { type Static, type TSchema } from 'typebox'
import type { TaskService } from '../core/task-service.ts'
import { addBodyParsers, BODY_LIMIT } from './body.ts'
import { addMetrics } from './metrics.ts'
import { addOpenApi } from './openapi.ts'
import { HttpError, STATUS, sendProblem, toProblem } from './problem.ts'
import { createRequestIds } from './request-id.ts'
import { RequestLog } from './request-log.ts'
import { addBatchRoute } from './routes/batch.ts'
import { addHealthRoutes } from './routes/health.ts'
import { addHistoryRoute } from './routes/history.ts'
import { addTaskRoutes } from './routes/tasks.ts'
import { compileValidator } from './validation.ts'

interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: unknown
}

/** Fastify, with the types of a route taken from its TypeBox schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxProvider
>

export interface AppDeps {
  readonly service: TaskService
  readonly logger: FastifyBaseLogger
  readonly version: string
  /** True once the service was told to stop: every answer then asks to close its connection. */
  readonly isDraining: () => boolean
  /** How long a request's headers, and the whole of it, may take to come, in milliseconds. */
  readonly slowest?: { readonly headers: number; readonly request: number }
}

const SLOWEST = { headers: 15_000, request: 45_000 }

/** The whole HTTP side, ready to listen or to be tried by inject(). */
export const buildApp = async ({ service, logger, version, isDraining, slowest = SLOWEST }: AppDeps): Promise<App> => {
  const newRequestId = createRequestIds()
  const app = fastify({
    loggerInstance: logger,
    logController: new RequestLog(),
    childLoggerFactory: (parent) => parent,
    genReqId: newRequestId,
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 256 },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
    requestTimeout: slowest.request,
    http: { headersTimeout: slowest.headers, connectionsCheckingInterval: Math.min(5000, slowest.headers) },
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id)
      sendProblem(error, request, reply)
    },
    clientErrorHandler(error, socket) {
      refuseRaw(error, socket, newRequestId({ headers: {} }))
    },
  }).withTypeProvider<TypeBoxProvider>()

  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(() => JSON.stringify)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new HttpError('route_not_found', 'Nothing is here: /docs lists what is'), request, reply),
  )
  addBodyParsers(app)

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    if (isDraining()) reply.header('connection', 'close')
    done()
  })

  await addOpenApi(app, version)
  const methods = collectMethods(app)
  app.get('/', { schema: { hide: true } }, (_, reply) => reply.redirect('/docs'))
  app.addHook('onRoute', (route) => {
    if (route.schema !== undefined && route.schema.hide !== true) route.schema.querystring ??= NO_QUERY
  })
  addTaskRoutes(app, service)
  addBatchRoute(app, service)
  addHistoryRoute(app, service)
  addHealthRoutes(app, service, isDraining)
  addMetrics(app)
  refuseOtherMethods(app, methods)
  return app
}

/** Where a route takes no query parameters, one that is given is refused rather than ignored. */
const NO_QUERY = Type.Object({}, { additionalProperties: false })

/** The methods of each path, as the routes are added. */
const collectMethods = (app: App): Map<string, Set<string>> => {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set()
    methods.set(url, known)
    for (const one of [method].flat()) known.add(one)
  })
  return methods
}

/** A known path with another method is 405 with the methods that it has. */
const refuseOtherMethods = (app: App, methods: ReadonlyMap<string, ReadonlySet<string>>): void => {
  for (const [url, known] of [...methods]) {
    const allow = [...known].sort().join(', ')
    app.route({
      method: app.supportedMethods.filter((method) => !known.has(method)),
      url,
      schema: { hide: true },
      handler: (request, reply) =>
        sendProblem(new HttpError('method_not_allowed', `This path takes ${allow}`), request, reply.header('allow', allow)),
    })
  }
}

const RAW_FAULTS = {
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', detail: 'The URL and the headers together are larger than 16 KiB' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The request came too slowly' },
} as const

/** What node:http refuses before any route sees it: a problem too, written by hand. */
const refuseRaw = (error: Error & { code?: string }, socket: Socket, requestId: string): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const fault = RAW_FAULTS[error.code as keyof typeof RAW_FAULTS] ?? {
    code: 'malformed_request',
    detail: 'The request is not valid HTTP',
  }
  const body = toProblem(fault, '/', requestId)
  const status = STATUS[fault.code as keyof typeof STATUS]
  socket.end(
    [
      `HTTP/1.1 ${status} ${JSON.parse(body).title}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
