import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import ajvFormats from 'ajv-formats'

type Json = Readonly<Record<string, unknown>>

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required?: boolean
  readonly schema: Json
}

interface Description {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly parameters?: readonly Json[]; requestBody?: Json }>>
    >
  >
  readonly components: { readonly parameters: Readonly<Record<string, Parameter>> }
}

/** One thing that can be asked of GitHub, with what its description says of it. */
export interface Operation {
  /** As in GitHub's documentation: `POST /repos/{owner}/{repo}/issues`. */
  readonly route: string
  readonly checkParameters: ValidateFunction
  /** Undefined where no body is taken. */
  readonly checkBody: ValidateFunction | undefined
  readonly needsBody: boolean
  /** Of an answer's body; undefined for a status that the description does not give a body for. */
  readonly checkAnswer: (status: number) => ValidateFunction | undefined
}

const DESCRIPTION = 'github-api.json'
const description: Description = JSON.parse(
  readFileSync(new URL(DESCRIPTION, import.meta.url), 'utf8'),
)

const resolve = (reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>((node, key) => (node as Json)[key.replaceAll('~1', '/')], description)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/**
 * A request may hold nothing that GitHub does not describe: what it would ignore is our mistake. Of `oneOf` any will do, as
 * an empty array is one of several.
 */
const close = (node: unknown): void => {
  if (!isObject(node)) return
  if (isObject(node.properties)) node.additionalProperties ??= false
  if (node.oneOf !== undefined) {
    node.anyOf = node.oneOf
    delete node.oneOf
  }
  for (const child of Object.values(node)) close(child)
}
for (const operations of Object.values(description.paths))
  for (const operation of Object.values(operations)) close(operation.requestBody)

const ajv = new Ajv({ strict: false, allErrors: true, logger: false })
const coercing = new Ajv({ strict: false, allErrors: true, logger: false, coerceTypes: true })
for (const each of [ajv, coercing]) ajvFormats.default(each)
ajv.addSchema(description, DESCRIPTION)

const compile = (...path: readonly string[]): ValidateFunction =>
  ajv.compile({
    $ref: `${DESCRIPTION}#/${path.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/')}`,
  })

const compileParameters = (parameters: readonly Json[]): ValidateFunction => {
  const all = parameters.map(
    (each) => (typeof each.$ref === 'string' ? resolve(each.$ref) : each) as Parameter,
  )
  return coercing.compile({
    type: 'object',
    properties: Object.fromEntries(all.map(({ name, schema }) => [name, schema])),
    required: all.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  })
}

const lazily = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const toOperation = (path: string, method: string): Operation => {
  const raw = description.paths[path]?.[method] as Json
  const body = raw.requestBody as Json | undefined
  const parameters = lazily(() => compileParameters((raw.parameters ?? []) as Json[]))
  const checkBody = lazily(() =>
    compile('paths', path, method, 'requestBody', 'content', 'application/json', 'schema'),
  )
  const answers = new Map<number, ValidateFunction | undefined>()
  const compileAnswer = (status: number): ValidateFunction | undefined => {
    const found = (raw.responses as Json)[status] as Json | undefined
    if (found === undefined) return undefined
    const place =
      typeof found.$ref === 'string'
        ? found.$ref.slice(2).split('/')
        : ['paths', path, method, 'responses', `${status}`]
    const whole = (typeof found.$ref === 'string' ? resolve(found.$ref) : found) as Json
    return isObject(whole.content) && 'application/json' in whole.content
      ? compile(...place, 'content', 'application/json', 'schema')
      : undefined
  }
  return {
    route: `${method.toUpperCase()} ${path}`,
    get checkParameters() {
      return parameters()
    },
    get checkBody() {
      return body === undefined ? undefined : checkBody()
    },
    needsBody: body?.required === true,
    checkAnswer(status) {
      if (!answers.has(status)) answers.set(status, compileAnswer(status))
      return answers.get(status)
    },
  }
}

export const operations: readonly Operation[] = Object.entries(description.paths).flatMap(
  ([path, methods]) => Object.keys(methods).map((method) => toOperation(path, method)),
)

const patterns = operations.map((operation) => {
  const [method = '', path = ''] = operation.route.split(' ')
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  return {
    operation,
    method,
    names,
    expression: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
  }
})

export interface FoundOperation {
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, string>>
}

/** The operation of a path, the one with the fewest blanks if several fit. */
export const findOperation = (method: string, path: string): FoundOperation | undefined => {
  const fitting = patterns.filter(
    (pattern) => pattern.method === method && pattern.expression.test(path),
  )
  const [best] = fitting.sort((a, b) => a.names.length - b.names.length)
  if (best === undefined) return undefined
  const [, ...values] = best.expression.exec(path) ?? []
  const parameters = best.names.map((name, index) => [
    name,
    decodeURIComponent(values[index] ?? ''),
  ])
  return { operation: best.operation, parameters: Object.fromEntries(parameters) }
}
