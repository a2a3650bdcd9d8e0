import type { FastifySchema } from 'fastify'
import { NO_BODY } from './body.ts'
import { problemExamples } from './problem-examples.ts'

interface Json {
  [name: string]: unknown
}

/** Set on a route's schema for finishDocument, and removed by it. */
const OPTIONAL_BODY = 'x-optional-body'

/** What the document shows of a route: no body where none is needed. */
export const finishRoute = (schema: FastifySchema): FastifySchema => {
  const { body, ...rest } = schema
  if (body === NO_BODY) return rest
  if (!isOptionalBody(body)) return schema
  return { ...rest, body: body.optionalBody, [OPTIONAL_BODY]: true } as FastifySchema
}

const isOptionalBody = (body: unknown): body is { optionalBody: unknown } =>
  typeof body === 'object' && body !== null && 'optionalBody' in body

/** The document as clients read it: schemas by name, headers as they are usually spelled, an example for each error. */
export const finishDocument = (document: Json): Json => {
  const operations = operationsOf(document)
  for (const operation of operations) finishOperation(operation)
  const { paths, schemas } = nameSchemas(document.paths)
  const { examples, others } = splitExamples(operations)
  const problem = { ...(schemas.Problem as Json), examples: others }
  return { ...document, paths, components: { schemas: { ...schemas, Problem: problem }, examples, headers: COMMON_HEADERS } }
}

/** The examples that operations refer to, by code, and the values of the rest: problems of requests to no operation. */
const splitExamples = (operations: readonly Operation[]) => {
  const media = operations.flatMap(({ responses }) => Object.values(responses).map(({ content }) => content?.[PROBLEM_TYPE]))
  const used = new Set(media.flatMap((one) => Object.keys(one?.examples ?? {})))
  const all = Object.entries(problemExamples())
  return {
    examples: Object.fromEntries(all.filter(([code]) => used.has(code))),
    others: all.filter(([code]) => !used.has(code)).map(([, { value }]) => value),
  }
}

const PROBLEM_TYPE = 'application/problem+json'

interface Operation {
  readonly parameters?: readonly { in: string; name: string }[]
  readonly requestBody?: { required: boolean }
  readonly responses: Readonly<Record<string, { headers?: Json; content?: Record<string, { examples?: Json }> }>>
  [OPTIONAL_BODY]?: boolean
}

const operationsOf = ({ paths }: Json): Operation[] =>
  Object.values(paths as Record<string, Record<string, Operation>>).flatMap((path) => Object.values(path))

const REQUEST_ID = 'X-Request-Id'

/** Headers of every answer. */
const COMMON_HEADERS = {
  [REQUEST_ID]: {
    description: 'The id of the request: the one that the client sent as X-Request-Id, or a new one. The log has it too.',
    schema: { type: 'string' },
  },
}

const finishOperation = (operation: Operation): void => {
  for (const parameter of operation.parameters ?? []) if (parameter.in === 'header') parameter.name = toHeaderName(parameter.name)
  for (const response of Object.values(operation.responses))
    response.headers = { ...response.headers, [REQUEST_ID]: { $ref: `#/components/headers/${REQUEST_ID}` } }
  if (operation.requestBody !== undefined && operation[OPTIONAL_BODY] === true) operation.requestBody.required = false
  delete operation[OPTIONAL_BODY]
}

/** A header name as it is usually spelled: `if-match` is validated in lower case and shown as `If-Match`. */
const toHeaderName = (name: string): string => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())

/** Where a document holds values rather than schemas. */
const VALUES = new Set(['example', 'examples', 'default', 'enum', 'const'])

/** Moves each schema that has a title into the components, once, and leaves a reference in its place. */
const nameSchemas = (paths: unknown): { paths: unknown; schemas: Json } => {
  const schemas: Json = {}
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit)
    if (typeof node !== 'object' || node === null) return node
    const members = Object.fromEntries(
      Object.entries(node).map(([name, member]) => [name, VALUES.has(name) ? member : visit(member)]),
    )
    if (typeof members.title !== 'string') return members
    schemas[members.title] = members
    return { $ref: `#/components/schemas/${members.title}` }
  }
  const visited = visit(paths)
  return { paths: visited, schemas: Object.fromEntries(Object.entries(schemas).sort()) }
}
