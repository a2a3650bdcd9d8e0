import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { Problem, type ProblemCode, STATUS } from './problem.ts'

interface Json {
  [name: string]: unknown
}

/** Serves the document at /openapi.json and Swagger UI at /docs. Registered before the routes, which it reads as they come. */
export const addOpenApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'task-manager-api',
        version,
        description:
          'A task service. Every error is a problem (RFC 9457) with a `code` for programs. Every task has an ETag: send it back as If-Match and a change is refused when someone else was faster. Send an Idempotency-Key with a POST and a retry never does it twice.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'tasks', description: 'Tasks and their history' },
        { name: 'github', description: 'The sync with GitHub issues' },
        { name: 'operations', description: 'Health and metrics' },
      ],
    },
    transformObject: (document) =>
      'openapiObject' in document ? nameSchemas(document.openapiObject as Json) : document.swaggerObject,
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    /** The page's own files are named relative to it, so that they are found behind a path prefix. */
    indexPrefix: '.',
    uiConfig: { displayRequestDuration: true, tryItOutEnabled: true },
    theme: { title: 'task-manager-api' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, (_, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  )
}

/** A JSON answer: what it is, its schema, and the headers that come with it. */
export const answer = (description: string, schema: TSchema, headers: Json = {}) => ({
  description,
  headers,
  content: { 'application/json': { schema } },
})

/** An answer without a body. */
export const emptyAnswer = (description: string, headers: Json = {}) => ({ description, headers, type: 'null' })

/** The error answers of a route, by their codes: one entry a status. What can befall any request is added by itself. */
export const problems = (...codes: ProblemCode[]) => {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set<ProblemCode>([...codes, ...ANYWHERE]))
    byStatus.set(STATUS[code], [...(byStatus.get(STATUS[code]) ?? []), code])
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: Problem } },
      },
    ]),
  )
}

const ANYWHERE = ['malformed_request', 'invalid_input', 'request_timeout', 'headers_too_large', 'internal_error'] as const

export const HEADERS = {
  etag: { ETag: { type: 'string', description: 'The version of the task, quoted: for If-Match and If-None-Match.' } },
  location: { Location: { type: 'string', description: 'The path of the new task.' } },
  replayed: {
    'Idempotent-Replayed': {
      type: 'string',
      description: '`true` when this is the recorded answer of an earlier request with the same key.',
    },
  },
  link: { Link: { type: 'string', description: 'With `rel="next"`: the next page; absent on the last one.' } },
}

/** Where a document holds values rather than schemas. */
const VALUES = new Set(['example', 'examples', 'default', 'enum', 'const'])

/** Moves each schema that has a title into the components, once, and leaves a reference in its place. */
const nameSchemas = (document: Json): Json => {
  const schemas: Json = {}
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit)
    if (typeof node !== 'object' || node === null) return node
    const members = Object.fromEntries(
      Object.entries(node).map(([name, member]) => [name, VALUES.has(name) ? member : visit(member)]),
    )
    if (typeof members.title !== 'string') return isOptionalBody(members) ? { ...members, required: false } : members
    schemas[members.title] = members
    return { $ref: `#/components/schemas/${members.title}` }
  }
  const paths = visit(document.paths)
  return { ...document, paths, components: { schemas: Object.fromEntries(Object.entries(schemas).sort()) } }
}

/** A request body that may be null may be left out. */
const isOptionalBody = ({ required, content }: Json): boolean =>
  required === true && JSON.stringify(content ?? {}).includes('{"type":"null"}]}}')
