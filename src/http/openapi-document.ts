import type { FastifySchema } from 'fastify'
import { NO_BODY } from './body.ts'
import { problemExamples } from './problem-examples.ts'

interface Json {
  [name: string]: unknown
}

/** Set on a route's schema for finishDocument, and removed by it. */
const OPTIONAL_BODY = 'x-optional-body'

interface Operation {
  readonly parameters?: readonly { in: string; name: string }[]
  readonly requestBody?: { required: boolean }
  readonly responses: Readonly<Record<string, Response>>
  [OPTIONAL_BODY]?: boolean
}

interface Response {
  headers?: Json
  readonly content?: Readonly<Record<string, { readonly examples?: Json }>>
}

/** What the document shows of a route: no body where none is needed. */
export const finishRoute = (schema: FastifySchema): FastifySchema => {
  const { body, ...rest } = schema
  if (body === NO_BODY) return rest
  if (!isOptionalBody(body)) return schema
  return { ...rest, body: body.optionalBody, [OPTIONAL_BODY]: true } as FastifySchema
}

const isOptionalBody = (body: unknown): body is { optionalBody: unknown } =>
  typeof body === 'object' && body !== null && 'optionalBody' in body

/** The document for clients: named schemas, canonical header names, an example for each error. */
export const finishDocument = (document: Json): Json => {
  const byMethod = operationsOf(document)
  for (const [method, operation] of byMethod) finishOperation(method, operation)
  const operations = byMethod.map(([, operation]) => operation)
  const { paths, schemas } = nameSchemas(document.paths)
  const { examples, otherProblems } = splitExamples(operations)
  schemas.Problem = toProblemSchema(schemas.Problem as ProblemSchema, examples, otherProblems)
  return { ...document, paths, components: { schemas, examples, headers: COMMON_HEADERS } }
}

/** Each operation with its method. */
const operationsOf = (document: Json): [string, Operation][] => {
  const paths = document.paths as Record<string, Record<string, Operation>>
  return Object.values(paths).flatMap((methods) => Object.entries(methods))
}

const REQUEST_ID = 'X-Request-Id'
const OPERATION_ID = 'Operation-Id'

/** Headers of every response, and of every response to a write. */
const COMMON_HEADERS = {
  [OPERATION_ID]: {
    description:
      'The id of the operation, which the events of this request have as `operation_id`. A ' +
      'request that is repeated with its Idempotency-Key is the same operation.',
    schema: { type: 'string', format: 'uuid' },
  },
  [REQUEST_ID]: {
    description:
      'The id of the request, also in the log: the X-Request-Id of the client or a new one.',
    schema: { type: 'string' },
  },
}

const finishOperation = (method: string, operation: Operation): void => {
  const { parameters = [], requestBody, responses } = operation
  for (const parameter of parameters)
    if (parameter.in === 'header') parameter.name = toHeaderName(parameter.name)
  for (const response of Object.values(responses))
    response.headers = {
      ...response.headers,
      ...(method === 'get' ? {} : reference(OPERATION_ID)),
      ...reference(REQUEST_ID),
    }
  if (requestBody !== undefined && operation[OPTIONAL_BODY] === true) requestBody.required = false
  delete operation[OPTIONAL_BODY]
}

const reference = (name: keyof typeof COMMON_HEADERS): Json => ({
  [name]: { $ref: `#/components/headers/${name}` },
})

/** The canonical spelling: `if-match`, as Fastify validates it, is shown as `If-Match`. */
const toHeaderName = (name: string): string =>
  name.replace(/\b[a-z]/g, (initial) => initial.toUpperCase())

/** The examples that operations refer to, and the problems that no operation has. */
const splitExamples = (operations: readonly Operation[]) => {
  const responses = operations.flatMap((operation) => Object.values(operation.responses))
  const media = responses.map(({ content }) => content?.['application/problem+json'])
  const used = new Set(media.flatMap((one) => Object.keys(one?.examples ?? {})))
  const all = problemExamples()
  return {
    examples: Object.fromEntries(all.filter(([code]) => used.has(code))),
    otherProblems: all
      .filter(([code]) => !used.has(code) && !OF_SOME_ROUTES.has(code))
      .map(([, { value }]) => value),
  }
}

/** Codes that the document has only if one of its operations does. */
const OF_SOME_ROUTES: ReadonlySet<string> = new Set(['already_exists'])

interface ProblemSchema {
  readonly properties: { readonly code: { readonly enum: readonly string[] } }
}

const toProblemSchema = (schema: ProblemSchema, used: Json, examples: readonly unknown[]) => {
  const { code } = schema.properties
  const codes = code.enum.filter((name) => name in used || !OF_SOME_ROUTES.has(name))
  return {
    ...schema,
    properties: { ...schema.properties, code: { ...code, enum: codes } },
    examples,
  }
}

/** Where a document holds values rather than schemas. */
const VALUES = new Set(['example', 'examples', 'default', 'enum', 'const'])

/** Moves each schema that has a title into the components and leaves a reference in its place. */
const nameSchemas = (paths: unknown): { paths: unknown; schemas: Json } => {
  const schemas: Json = {}
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit)
    if (typeof node !== 'object' || node === null) return node
    const entries = Object.entries(node)
    const members = Object.fromEntries(
      entries.map(([name, member]) => [name, VALUES.has(name) ? member : visit(member)]),
    )
    if (typeof members.title !== 'string') return members
    schemas[members.title] = members
    return { $ref: `#/components/schemas/${members.title}` }
  }
  const visited = visit(paths)
  return { paths: visited, schemas: Object.fromEntries(Object.entries(schemas).sort()) }
}
