import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { send } from './requests.ts'

interface Media {
  readonly schema?: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>
}
interface Schema {
  readonly $ref?: string
  readonly title?: string
  readonly description?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly oneOf?: readonly { readonly $ref: string }[]
  readonly discriminator?: {
    readonly propertyName: string
    readonly mapping: Readonly<Record<string, string>>
  }
  readonly examples?: readonly unknown[]
}
interface Header {
  readonly $ref?: string
  readonly description?: string
}
interface Response {
  readonly description: string
  readonly headers?: Readonly<Record<string, Header>>
  readonly content?: Readonly<Record<string, Media>>
}
interface Parameter {
  readonly name: string
  readonly in: string
  readonly description?: string
  readonly schema: Schema
}
interface Example {
  readonly summary: string
  readonly value: { readonly code: string; readonly status: number; readonly detail: string }
}
interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly content: Readonly<Record<string, Media>>
  }
  readonly responses: Readonly<Record<string, Response>>
}
interface Document {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string }[]
  readonly security: readonly unknown[]
  readonly tags: readonly { name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly examples: Readonly<Record<string, Example>>
    readonly headers: Readonly<Record<string, Header>>
  }
}

const committed = JSON.parse(
  readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'),
) as Document

const operations = Object.entries(committed.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
)

const operationOf = (name: string): Operation => {
  const found = operations.find((one) => one.name === name)?.operation
  if (found === undefined) throw new Error(`no operation ${name}`)
  return found
}

const resolve = (schema: Schema | undefined): Schema | undefined =>
  schema?.$ref === undefined
    ? schema
    : committed.components.schemas[schema.$ref.replace('#/components/schemas/', '')]

const targetOf = (ref: string): unknown =>
  ref
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (node, step) => (node as Record<string, unknown> | undefined)?.[step],
      committed,
    )

/** The examples that a reader sees for a body: of its own, or of its schema, or of the schema of its elements. */
const examplesOf = ({ schema, example, examples }: Media): unknown[] => [
  ...(example === undefined ? [] : [example]),
  ...Object.keys(examples ?? {}).map((name) => committed.components.examples[name]?.value),
  ...(resolve(schema)?.examples ?? []),
  ...(resolve(resolve(schema)?.items)?.examples ?? []),
]

test('the committed document is what the service gives, save its version', async () => {
  const app = await startApp()
  const answer = await send(app, 'GET', '/openapi.json')
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  const { info, ...rest } = answer.json<Document>()
  expect(rest).toEqual({ ...committed, info: undefined })
  expect({ ...info, version: committed.info.version }).toEqual(committed.info)
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  expect([committed.info.version, info.version]).toEqual([version, '0.0.0-test'])
})

test('the document is OpenAPI 3.1 and has every operation of the contract', () => {
  expect(committed.openapi).toMatch(/^3\.1\.\d+$/)
  expect(operations.map(({ name }) => name).sort()).toEqual([
    'delete /tasks/{id}',
    'get /github/jobs',
    'get /github/status',
    'get /livez',
    'get /metrics',
    'get /readyz',
    'get /tasks',
    'get /tasks/{id}',
    'get /tasks/{id}/events',
    'get /tasks/{id}/sync',
    'patch /tasks/{id}',
    'post /github/jobs/retry',
    'post /github/link',
    'post /github/webhook',
    'post /tasks',
    'post /tasks/batch',
    'post /tasks/{id}/complete',
    'post /tasks/{id}/sync',
    'put /tasks/{id}',
  ])
})

describe.each(operations)('$name', ({ name, operation }) => {
  test('says what it is', () => {
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/)
    expect(operation.summary).toBeTruthy()
    expect(operation.description).toBeTruthy()
    expect(committed.tags.map((tag) => tag.name)).toEqual(
      expect.arrayContaining([...(operation.tags ?? ['none'])]),
    )
    for (const parameter of operation.parameters ?? [])
      expect(parameter.description, parameter.name).toBeTruthy()
    for (const response of Object.values(operation.responses))
      expect(response.description).toBeTruthy()
  })

  test('has all its errors, each as a problem with an example per code', () => {
    const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)
    for (const [status, { description, content }] of errors) {
      expect(Object.keys(content ?? {})).toEqual(['application/problem+json'])
      expect(content?.['application/problem+json']?.schema).toEqual({
        $ref: '#/components/schemas/Problem',
      })
      const codes = [...description.matchAll(/`(\w+)`: /g)].map(([, code]) => code)
      const examples = Object.entries(content?.['application/problem+json']?.examples ?? {})
      expect(codes.length).toBeGreaterThan(0)
      expect(examples).toEqual(
        codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
      )
      for (const code of codes)
        expect(committed.components.examples[code ?? '']?.value).toMatchObject({
          code,
          status: Number(status),
        })
    }
    const always = ['400', '408', '417', '421', '422', '431', '500']
    const isWebhook = name === 'post /github/webhook'
    const body = name.startsWith('get ') ? [] : ['413', '415']
    const origin = name.startsWith('get ') || isWebhook ? [] : ['403']
    const signature = isWebhook ? ['401'] : []
    const absent = /\{id\}|github/.test(name) ? ['404'] : []
    const database = /\/(tasks|readyz|github)/.test(name) && !isWebhook ? ['503'] : []
    const match = name.includes('{id}') && !/^get|sync$/.test(name) ? ['412', '429'] : []
    expect(errors.map(([status]) => status).sort()).toEqual(
      [...always, ...origin, ...signature, ...body, ...absent, ...database, ...match].sort(),
    )
  })

  test('shows examples of what it takes and of what it answers', () => {
    for (const media of Object.values(operation.requestBody?.content ?? {}))
      expect(examplesOf(media).length, 'of its body').toBeGreaterThan(0)
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      for (const [type, media] of Object.entries(content))
        if (type.includes('json'))
          expect(examplesOf(media).length, `of ${status}`).toBeGreaterThan(0)
    }
  })
})

test('operation ids are unique', () => {
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
})

test('the schemas have names of their own, and no others', () => {
  const names = Object.keys(committed.components.schemas)
  const expected = [
    'Task',
    'TaskDraft',
    'TaskPatch',
    'TaskEvent',
    'Problem',
    'Batch',
    'BatchOperation',
    'BatchAnswer',
    'Health',
  ]
  expect(names).toEqual(expect.arrayContaining(expected))
  for (const name of names) expect(name).toMatch(/^[A-Z][A-Za-z]+$/)
})

test('every reference leads somewhere, and stands where a schema may stand', () => {
  const visit = (node: unknown, path: readonly string[]): void => {
    if (typeof node !== 'object' || node === null) return
    const ref = Reflect.get(node, '$ref')
    if (typeof ref === 'string') {
      expect(targetOf(ref), ref).toBeDefined()
      expect(Object.keys(node)).toEqual(['$ref'])
      const [, kind] = ref.split('/').slice(1)
      if (kind !== 'examples')
        expect(path.join('/')).not.toMatch(/\/(example|examples|default|enum|const)(\/|$)/)
    }
    for (const [name, member] of Object.entries(node)) visit(member, [...path, name])
  }
  visit(committed, [''])
})

test('a body is shown only where one is needed, and required unless it may be left out', () => {
  const bodies = operations.map(
    ({ name, operation }) => [name, operation.requestBody?.required] as const,
  )
  const shown = Object.fromEntries(bodies.filter(([, required]) => required !== undefined))
  expect(shown).toEqual({
    'post /tasks': true,
    'put /tasks/{id}': true,
    'patch /tasks/{id}': true,
    'post /tasks/batch': true,
    'post /github/webhook': true,
    'post /github/jobs/retry': false,
    'post /github/link': false,
  })
})

test('no body may be null', () => {
  for (const { name, operation } of operations)
    for (const { schema } of Object.values(operation.requestBody?.content ?? {}))
      expect(JSON.stringify(resolve(schema)), name).toMatch(/^\{"type":"object"/)
})

test('PATCH takes both media types, the others JSON alone', () => {
  const types = (name: string): string[] =>
    Object.keys(operationOf(name).requestBody?.content ?? {})
  expect(types('patch /tasks/{id}').sort()).toEqual([
    'application/json',
    'application/merge-patch+json',
  ])
  for (const name of ['post /tasks', 'put /tasks/{id}', 'post /tasks/batch'])
    expect(types(name)).toEqual(['application/json'])
})

test('the headers and parameters of the contract are there, with headers in their usual spelling', () => {
  const parameters = (name: string): string[] =>
    (operationOf(name).parameters ?? []).map((one) => one.name)
  expect(parameters('post /tasks')).toContain('Idempotency-Key')
  expect(parameters('post /tasks/batch')).toContain('Idempotency-Key')
  expect(parameters('get /tasks/{id}')).toContain('If-None-Match')
  expect(parameters('post /github/webhook')).toEqual([
    'X-GitHub-Event',
    'X-GitHub-Delivery',
    'X-Hub-Signature-256',
  ])
  for (const name of [
    'put /tasks/{id}',
    'patch /tasks/{id}',
    'delete /tasks/{id}',
    'post /tasks/{id}/complete',
  ])
    expect(parameters(name)).toEqual(
      expect.arrayContaining(['Idempotency-Key', 'If-Match', 'If-None-Match']),
    )
  const filters = ['due', 'created', 'updated'].flatMap((field) => [
    `${field}_after`,
    `${field}_before`,
  ])
  const rest = [
    'limit',
    'cursor',
    'sort',
    'status',
    'priority',
    'label',
    'external_reference_id',
    'q',
  ]
  expect(parameters('get /tasks').sort()).toEqual([...filters, ...rest].sort())
})

test('every id has the same format, wherever it stands', () => {
  const isId = (name: string): boolean => name === 'id' || name === 'task_id'
  const parameters = operations.flatMap(({ operation }) => operation.parameters ?? [])
  const properties = Object.values(committed.components.schemas).flatMap(({ properties = {} }) =>
    Object.entries(properties),
  )
  const ids = [
    ...parameters
      .filter((one) => one.in === 'path' || one.name === 'after')
      .map(({ schema }) => schema),
    ...properties.filter(([name]) => isId(name)).map(([, schema]) => schema),
  ]
  expect(ids.length).toBeGreaterThan(14)
  /** That of an actor may be null. */
  for (const schema of ids)
    expect('anyOf' in schema ? [schema.anyOf].flat()[0] : schema).toMatchObject({
      type: 'string',
      format: 'uuid',
    })
})

test('the server is where the document is, for /openapi.json and for Swagger UI', async () => {
  expect(committed.servers.map(({ url }) => url)).toEqual(['.'])
  expect(committed.security).toEqual([])
  const app = await startApp()
  for (const path of ['/openapi.json', '/docs/json'])
    for (const prefix of ['', '/a/prefix']) {
      const { servers } = (await send(app, 'GET', path)).json<Document>()
      const url = new URL(servers[0]?.url ?? '', `http://host${prefix}${path}`)
      expect(url.href).toBe(`http://host${prefix}/`)
    }
})

test('the op of a batch operation says which of the four it is', () => {
  const { oneOf = [], discriminator } = committed.components.schemas.BatchOperation ?? {}
  expect(discriminator?.propertyName).toBe('op')
  expect(Object.values(discriminator?.mapping ?? {})).toEqual(oneOf.map(({ $ref }) => $ref))
  for (const [op, $ref] of Object.entries(discriminator?.mapping ?? {}))
    expect(resolve({ $ref })?.properties?.op?.enum).toEqual([op])
})

test('every code has an example', () => {
  const { examples, schemas } = committed.components
  const values = [
    ...Object.values(examples).map(({ value }) => value),
    ...(schemas.Problem?.examples ?? []),
  ]
  const codes = values.map((value) => (value as Example['value']).code)
  expect(codes.sort()).toEqual([...(schemas.Problem?.properties?.code?.enum ?? [])].sort())
  for (const { summary, value } of Object.values(examples)) {
    expect(summary).toMatch(/^[A-Z].*\.$/)
    expect(value.detail).not.toBe('')
  }
})

test('every header of a response says what it is, and every response has the request id, to a write the operation', () => {
  for (const { name, operation } of operations)
    for (const [status, { headers = {} }] of Object.entries(operation.responses)) {
      expect(headers['X-Request-Id'], `${name} ${status}`).toBeDefined()
      expect('Operation-Id' in headers, `${name} ${status}`).toBe(!name.startsWith('get '))
      for (const header of Object.values(headers)) {
        const { description } =
          header.$ref === undefined ? header : (targetOf(header.$ref) as Header)
        expect(description, `${name} ${status}`).toBeTruthy()
      }
    }
  expect(operationOf('patch /tasks/{id}').responses['412']?.headers).toHaveProperty('ETag')
  expect(operationOf('get /tasks').responses['503']?.headers).toHaveProperty('Retry-After')
})

test('every property of a schema says what it is', () => {
  for (const [name, { properties = {} }] of Object.entries(committed.components.schemas))
    for (const [property, schema] of Object.entries(properties)) {
      const { anyOf = [schema] } = schema as { anyOf?: readonly Schema[] }
      const described = [schema, ...anyOf, ...anyOf.map(resolve)].some(
        (one) => one?.description !== undefined,
      )
      expect(described || anyOf.some((one) => one.$ref !== undefined), `${name}.${property}`).toBe(
        true,
      )
    }
})

test('what is not for programs is not in the document', () => {
  for (const path of ['/', '/docs', '/openapi.json'])
    expect(committed.paths).not.toHaveProperty(path)
})
