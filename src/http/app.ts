import fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import type { FieldTable } from '../core/field-table.ts'
import { Type } from '../core/typebox.ts'
import type { TaskService } from '../task/task-service.ts'
import { createHostCheck } from './allowed-hosts.ts'
import { addBodyParsers, BODY_LIMIT } from './body.ts'
import { refuseConnection, refuseExpectations } from './client-errors.ts'
import { addCompression } from './compression.ts'
import { createOriginCheck } from './cross-origin.ts'
import { addEntityRoutes, addHistoryRoute } from './entity-routes.ts'
import { createAddressMatcher } from './ip-address.ts'
import { addMetrics } from './metrics.ts'
import { LOOPBACK_ONLY, type NetworkSettings } from './network-settings.ts'
import { addNotFoundHandler } from './not-found.ts'
import { addOpenApi } from './openapi.ts'
import { addPathPrefix } from './path-prefix.ts'
import { sendProblem } from './problem.ts'
import { addOperationId, createContextReader, type ReadContext } from './request-context.ts'
import { createRequestIds } from './request-id.ts'
import { RequestLog, type WriteLine } from './request-log.ts'
import { checkUrl } from './request-url.ts'
import { addBatchRoute } from './routes/batch.ts'
import { addHealthRoutes } from './routes/health.ts'
import { addCompleteRoute, createTaskResource } from './routes/tasks.ts'
import { cutStalledClients } from './stalled-clients.ts'
import type { App, TypeBoxProvider } from './typed-app.ts'
import { compileValidator } from './validation.ts'

/** Routes and metrics of another room. */
export interface Feature {
  addRoutes(app: App, readContext: ReadContext): void | Promise<void>
  addMetrics?(registry: Registry): void
}

export interface AppDeps {
  readonly service: TaskService
  /** The fields of a task. */
  readonly table: FieldTable
  readonly logger: FastifyBaseLogger
  /** Where the line of each request goes; absent, none is written. */
  readonly writeRequest?: WriteLine | undefined
  readonly version: string
  /** For how long the oldest event without a sequence has waited, in milliseconds. */
  readonly eventLag: () => number
  /** What is served besides tasks. */
  readonly features?: readonly Feature[]
  /** Milliseconds since the epoch; absent: the clock of the machine. */
  readonly now?: () => number
  /** How the service is reached; absent: on the loopback alone. */
  readonly network?: NetworkSettings
  /** True after a stop signal: every response then closes its connection. */
  readonly isDraining: () => boolean
  /**
   * How long a request's headers, and the whole of it, may take to come, and a client may take
   * nothing of its answer, in milliseconds.
   */
  readonly timeouts?: { readonly headers: number; readonly request: number; readonly stall: number }
}

/**
 * How much a connection buffers in each direction before its source has to wait, in bytes: the same
 * for every Node.js.
 */
const SOCKET_BUFFER = 16 * 1024

const TIMEOUTS = { headers: 15_000, request: 45_000, stall: 60_000 }

/** The whole HTTP side, ready to listen or to be tried by inject(). */
export const buildApp = async ({
  service,
  table,
  logger,
  writeRequest,
  version,
  eventLag,
  features = [],
  now = Date.now,
  network = LOOPBACK_ONLY,
  isDraining,
  timeouts: slowest = TIMEOUTS,
}: AppDeps): Promise<App> => {
  const newRequestId = createRequestIds()
  const checkHost = createHostCheck(network)
  const checkOrigin = createOriginCheck(network)
  const addHeaders = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    if (isDraining()) reply.header('connection', 'close')
  }
  const app = fastify({
    loggerInstance: logger,
    schemaController: COMPILERS,
    logController: new RequestLog(writeRequest),
    childLoggerFactory: (parent) => parent,
    genReqId: newRequestId,
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 16_384, ignoreTrailingSlash: true },
    trustProxy: network.trustedProxies.length > 0 && createAddressMatcher(network.trustedProxies),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
    requestTimeout: slowest.request,
    http: {
      requireHostHeader: false,
      headersTimeout: slowest.headers,
      connectionsCheckingInterval: Math.min(5000, slowest.headers),
      highWaterMark: SOCKET_BUFFER,
    },
    frameworkErrors: (error, request, reply) => {
      addHeaders(request, reply)
      sendProblem(error, request, reply)
    },
    clientErrorHandler(error, socket) {
      refuseConnection(error, socket, newRequestId({ headers: {} }))
    },
  }).withTypeProvider<TypeBoxProvider>()

  app.setErrorHandler(sendProblem)
  app.decorateRequest('operationId', '')
  refuseExpectations(app.server, newRequestId)
  addBodyParsers(app)

  app.addHook('onRequest', (request, reply, done) => {
    addHeaders(request, reply)
    addOperationId(request, reply)
    if (request.headers.host === undefined) reply.header('connection', 'close')
    checkHost(request.raw)
    checkUrl(request.url)
    checkOrigin(request, reply)
    done()
  })

  /** Also for a request that was in progress when the stop signal came. */
  app.addHook('onSend', (_, reply, __, done) => {
    if (isDraining()) reply.header('connection', 'close')
    done()
  })

  cutStalledClients(app, slowest.stall)
  addCompression(app)
  addPathPrefix(app, network)
  addNotFoundHandler(app)
  await addOpenApi(app, version)
  app.get('/', { schema: { hide: true } }, (_, reply) => reply.redirect('/docs'))
  app.addHook('onRoute', (route) => {
    if (route.schema !== undefined && route.schema.hide !== true)
      route.schema.querystring ??= NO_QUERY
  })
  const registry = addMetrics(app, eventLag)
  const readContext = createContextReader(now)
  const tasks = createTaskResource(service, table)
  addEntityRoutes(app, tasks, readContext)
  addCompleteRoute(app, service, table, readContext)
  addBatchRoute(app, service, table, readContext)
  addHistoryRoute(app, tasks)
  for (const { addRoutes, addMetrics: addOwnMetrics } of features) {
    await addRoutes(app, readContext)
    addOwnMetrics?.(registry)
  }
  addHealthRoutes(app, service, isDraining)
  return app
}

/**
 * Ours in place of ajv and fast-json-stringify, which are then not even loaded. Fastify types the
 * first as ajv's own.
 */
const COMPILERS = {
  compilersFactory: {
    buildValidator: () => compileValidator as never,
    buildSerializer: () => () => JSON.stringify,
  },
}

/** Where a route takes no query parameters, one that is given is refused rather than ignored. */
const NO_QUERY = Type.Object({}, { additionalProperties: false })
