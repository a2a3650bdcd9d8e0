import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { send } from './requests.ts'

interface Media {
  readonly schema?: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { value: unknown }>>
}
interface Schema {
  readonly $ref?: string
  readonly items?: Schema
  readonly examples?: readonly unknown[]
}
interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, Media>>
}
interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly { name: string; in: string; description?: string }[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, Response>>
}
interface Document {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly tags: readonly { name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const committed = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as Document

const operations = Object.entries(committed.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
)

const operationOf = (name: string): Operation => {
  const found = operations.find((one) => one.name === name)?.operation
  if (found === undefined) throw new Error(`no operation ${name}`)
  return found
}

const resolve = (schema: Schema | undefined): Schema | undefined =>
  schema?.$ref === undefined ? schema : committed.components.schemas[schema.$ref.replace('#/components/schemas/', '')]

/** The examples that a reader sees for a body: of its own, or of its schema, or of the schema of its elements. */
const examplesOf = ({ schema, example, examples }: Media): unknown[] => [
  ...(example === undefined ? [] : [example]),
  ...Object.values(examples ?? {}).map(({ value }) => value),
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
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
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
    expect(committed.tags.map((tag) => tag.name)).toEqual(expect.arrayContaining([...(operation.tags ?? ['none'])]))
    for (const parameter of operation.parameters ?? []) expect(parameter.description, parameter.name).toBeTruthy()
    for (const response of Object.values(operation.responses)) expect(response.description).toBeTruthy()
  })

  test('tells all its errors, each as a problem', () => {
    const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)
    for (const [, { content }] of errors) {
      expect(Object.keys(content ?? {})).toEqual(['application/problem+json'])
      expect(content?.['application/problem+json']?.schema).toEqual({ $ref: '#/components/schemas/Problem' })
    }
    const always = ['400', '408', '422', '431', '500']
    const isWebhook = name === 'post /github/webhook'
    const body = operation.requestBody === undefined && !isWebhook ? [] : ['413', '415']
    const signature = isWebhook ? ['401'] : []
    const absent = /\{id\}|github/.test(name) ? ['404'] : []
    const database = /\/(tasks|readyz|github)/.test(name) && !isWebhook ? ['503'] : []
    const match = name.includes('{id}') && !/^get|sync$/.test(name) ? ['412'] : []
    expect(errors.map(([status]) => status).sort()).toEqual(
      [...always, ...signature, ...body, ...absent, ...database, ...match].sort(),
    )
  })

  test('shows examples of what it takes and of what it answers', () => {
    const hasBody = operation.requestBody !== undefined && !/complete|delete|sync$/.test(name)
    for (const media of hasBody ? Object.values(operation.requestBody?.content ?? {}) : [])
      expect(examplesOf(media).length, 'of its body').toBeGreaterThan(0)
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      for (const [type, media] of Object.entries(content))
        if (type.includes('json')) expect(examplesOf(media).length, `of ${status}`).toBeGreaterThan(0)
    }
  })
})

test('operation ids are unique', () => {
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
})

test('the schemas have names of their own, and no others', () => {
  const names = Object.keys(committed.components.schemas)
  const expected = ['Task', 'TaskDraft', 'TaskPatch', 'TaskEvent', 'Problem', 'Batch', 'BatchOperation', 'BatchAnswer', 'Health']
  expect(names).toEqual(expect.arrayContaining(expected))
  for (const name of names) expect(name).toMatch(/^[A-Z][A-Za-z]+$/)
})

test('every reference leads somewhere, and stands where a schema may stand', () => {
  const visit = (node: unknown, path: readonly string[]): void => {
    if (typeof node !== 'object' || node === null) return
    const ref = Reflect.get(node, '$ref')
    if (typeof ref === 'string') {
      expect(resolve({ $ref: ref }), ref).toBeDefined()
      expect(Object.keys(node)).toEqual(['$ref'])
      expect(path.join('/')).not.toMatch(/\/(example|examples|default|enum|const)(\/|$)/)
    }
    for (const [name, member] of Object.entries(node)) visit(member, [...path, name])
  }
  visit(committed, [''])
})

test('a body that may be left out is not required', () => {
  for (const name of ['post /tasks/{id}/complete', 'delete /tasks/{id}'])
    expect(operationOf(name).requestBody?.required ?? false, name).toBe(false)
  for (const name of ['post /tasks', 'put /tasks/{id}', 'patch /tasks/{id}', 'post /tasks/batch'])
    expect(operationOf(name).requestBody?.required, name).toBe(true)
})

test('PATCH takes both media types, the others JSON alone', () => {
  const types = (name: string): string[] => Object.keys(operationOf(name).requestBody?.content ?? {})
  expect(types('patch /tasks/{id}').sort()).toEqual(['application/json', 'application/merge-patch+json'])
  for (const name of ['post /tasks', 'put /tasks/{id}', 'post /tasks/batch']) expect(types(name)).toEqual(['application/json'])
})

test('the headers and parameters of the contract are there', () => {
  const parameters = (name: string): string[] => (operationOf(name).parameters ?? []).map((one) => one.name.toLowerCase())
  expect(parameters('post /tasks')).toContain('idempotency-key')
  expect(parameters('post /tasks/batch')).toContain('idempotency-key')
  expect(parameters('get /tasks/{id}')).toContain('if-none-match')
  for (const name of ['put /tasks/{id}', 'patch /tasks/{id}', 'delete /tasks/{id}', 'post /tasks/{id}/complete'])
    expect(parameters(name)).toContain('if-match')
  const filters = ['due', 'created', 'updated'].flatMap((field) => [`${field}_after`, `${field}_before`])
  const rest = ['limit', 'cursor', 'sort', 'status', 'priority', 'label', 'external_reference_id', 'q']
  expect(parameters('get /tasks').sort()).toEqual([...filters, ...rest].sort())
})
