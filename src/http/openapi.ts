import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { finishDocument, finishRoute } from './openapi-document.ts'
import { Problem, type ProblemCode, RETRY_AFTER_SECONDS, STATUS } from './problem.ts'
import { PROBLEM_EXAMPLES } from './problem-examples.ts'

interface Json {
  [name: string]: unknown
}

const DESCRIPTION = `A task service.

- Every error is a problem (RFC 9457); programs can branch on its \`code\`.
- Every task has an ETag. Send it as If-Match to change the task only if nobody else has changed it.
- Send an Idempotency-Key to make a request safe to retry.`

/**
 * Serves the document at /openapi.json and Swagger UI at /docs. Registered before the routes, which
 * it reads as they come.
 */
export const addOpenApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    stripBasePath: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'task-manager-api',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      /** Relative to /openapi.json, so that it is right behind a path prefix as well. */
      servers: [{ url: '.', description: 'The service that serves this document' }],
      security: [],
      tags: [
        { name: 'tasks', description: 'Tasks and their history' },
        { name: 'github', description: 'The sync with GitHub issues' },
        { name: 'operations', description: 'Health and metrics' },
      ],
    },
    transform: ({ schema, url }) => ({ schema: finishRoute(schema), url }),
    transformObject: (document) =>
      'openapiObject' in document
        ? finishDocument(document.openapiObject as Json)
        : document.swaggerObject,
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    /**
     * The page's own files are named relative to it, so that they are found behind a path prefix.
     */
    indexPrefix: '.',
    uiConfig: { displayRequestDuration: true, tryItOutEnabled: true },
    theme: { title: 'task-manager-api' },
    /** Swagger UI reads the document at /docs/json, one level below /openapi.json. */
    transformSpecification: (document) => ({ ...document, servers: [{ url: '..' }] }),
    transformSpecificationClone: false,
  })
  app.get('/openapi.json', { schema: { hide: true } }, (_, reply) =>
    reply
      .header('content-type', 'application/json; charset=utf-8')
      .send(JSON.stringify(app.swagger())),
  )
}

/** A JSON answer: what it is, its schema, and the headers that come with it. */
export const jsonResponse = (description: string, schema: TSchema, headers: Json = {}) => ({
  description,
  headers,
  content: { 'application/json': { schema } },
})

/** An answer without a body. */
export const emptyResponse = (description: string, headers: Json = {}) => ({
  description,
  headers,
  type: 'null',
})

/** The error answers of a route by status. The codes that any request can get are added. */
export const problems = (...codes: ProblemCode[]) => problemsOf('task', ...codes)

/** The same of a route of another resource. */
export const problemsOf = (resource: string, ...codes: ProblemCode[]) => {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set<ProblemCode>([...codes, ...COMMON_ERRORS]))
    byStatus.set(STATUS[code], [...(byStatus.get(STATUS[code]) ?? []), code])
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [status, problem(resource, group)]),
  )
}

const COMMON_ERRORS = [
  'malformed_request',
  'request_timeout',
  'expectation_failed',
  'host_not_allowed',
  'invalid_input',
  'headers_too_large',
  'internal_error',
] as const

const exampleOf = (code: ProblemCode) => ({ $ref: `#/components/examples/${code}` })

const hasRetryAfter = (code: ProblemCode): boolean =>
  code === 'too_many_keys' || RETRY_AFTER_SECONDS[code] !== undefined

/** The error answers of one status. */
const problem = (resource: string, codes: readonly ProblemCode[]) => ({
  description: codes
    .map((code) => `\`${code}\`: ${PROBLEM_EXAMPLES[code].meaning.replace('task', resource)}`)
    .join(' '),
  headers: {
    ...(codes.includes('version_mismatch') ? headersOf(resource).etag : {}),
    ...(codes.some(hasRetryAfter) ? HEADERS.retryAfter : {}),
  },
  content: {
    'application/problem+json': {
      schema: Problem,
      examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code)])),
    },
  },
})

export const headersOf = (resource: string) => ({
  etag: {
    ETag: {
      type: 'string',
      description: `The version of the ${resource} in quotes, for If-Match and If-None-Match.`,
    },
  },
  location: { Location: { type: 'string', description: `The path of the new ${resource}.` } },
  replayed: {
    'Idempotent-Replayed': {
      type: 'string',
      description:
        '`true` if an earlier request with the same key did this and this one changed nothing; ' +
        'otherwise absent.',
    },
  },
  link: {
    Link: {
      type: 'string',
      description: 'The next page, with `rel="next"`; absent on the last page.',
    },
  },
  retryAfter: {
    'Retry-After': {
      type: 'integer',
      description: 'After how many seconds to retry; absent if a retry cannot help.',
    },
  },
})

export const HEADERS = headersOf('task')
