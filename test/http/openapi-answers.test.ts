import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import { startApp } from '../start-app.ts'
import { send } from './requests.ts'

interface Media {
  readonly schema?: object
  readonly example?: unknown
}
interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<
    Record<
      string,
      { readonly headers?: object; readonly content?: Readonly<Record<string, Media>> }
    >
  >
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly examples?: readonly unknown[] }>>
    readonly examples: Readonly<Record<string, { readonly value: unknown }>>
  }
}

const documentOf = async (app: App): Promise<Document> =>
  (await send(app, 'GET', '/openapi.json')).json<Document>()

const expectFits = ({ components }: Document, schema: object | undefined, value: unknown): void => {
  expect(schema).toBeDefined()
  const [fits, errors] = Compile({ components, allOf: [schema ?? false] }).Errors(value)
  expect(fits, JSON.stringify([errors, value]).slice(0, 800)).toBe(true)
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Asks, and holds the answer against what the document says of this operation and status. */
const check = async (
  app: App,
  [method, path, id = '']: readonly [Method, string, string?],
  status: number,
  body?: unknown,
  headers: Record<string, string> = {},
  query = '',
): Promise<unknown> => {
  const document = await documentOf(app)
  const answer = await send(app, method, path.replace('{id}', id) + query, body, headers)
  expect(answer.statusCode, answer.body).toBe(status)
  const told = document.paths[path]?.[method.toLowerCase()]?.responses[String(status)]
  expect(told, `${method} ${path} ${status} is not in the document`).toBeDefined()
  for (const name of Object.keys(told?.headers ?? {}).filter((one) =>
    ['ETag', 'Location'].includes(one),
  ))
    expect(answer.headers[name.toLowerCase()], name).toBeDefined()
  if (answer.body === '') {
    expect(told?.content).toBeUndefined()
    return undefined
  }
  const type = String(answer.headers['content-type']).split(';')[0] ?? ''
  expect(Object.keys(told?.content ?? {})).toContain(type)
  const value: unknown = type.includes('json') ? answer.json() : answer.body
  expectFits(document, told?.content?.[type]?.schema, value)
  return value
}

const ABSENT = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

test('the check tells what fits from what does not', async () => {
  const document = await documentOf(await startApp())
  const schema = { $ref: '#/components/schemas/Task' }
  const [example] = (document.components.schemas.Task?.examples ?? []) as object[]
  expectFits(document, schema, example)
  for (const wrong of [
    { id: 1 },
    { due_at: 'soon' },
    { extra: 1 },
    { status: 'done' },
    { title: undefined },
  ])
    expect(() => expectFits(document, schema, { ...example, ...wrong })).toThrow()
})

test('every answer of a tour through all endpoints is as the document says', async () => {
  const app = await startApp()
  await check(app, ['GET', '/tasks'], 200)
  const draft = {
    title: 'Tour',
    labels: ['a'],
    due_at: '2026-03-06T13:00:00+01:00',
    external_reference_id: '1',
  }
  const { id } = (await check(app, ['POST', '/tasks'], 201, draft, { 'idempotency-key': 'k' })) as {
    id: string
  }
  await check(app, ['POST', '/tasks'], 201, draft, { 'idempotency-key': 'k' })
  await check(app, ['GET', '/tasks'], 200, undefined, {}, '?limit=1&sort=-title')
  await check(app, ['GET', '/tasks/{id}', id], 200)
  await check(app, ['GET', '/tasks/{id}', id], 304, undefined, { 'if-none-match': '"1"' })
  await check(app, ['PUT', '/tasks/{id}', id], 200, { title: 'Edited', due_at: null })
  await check(
    app,
    ['PATCH', '/tasks/{id}', id],
    200,
    { status: 'in_progress' },
    { 'content-type': 'application/merge-patch+json' },
  )
  for (let tries = 0; tries < 2; tries += 1)
    await check(app, ['POST', '/tasks/{id}/complete', id], 200, undefined, {
      'idempotency-key': 'k',
    })
  const operations = [
    { op: 'create', task: { title: 'x' } },
    { op: 'update', id, task: { status: 'pending' } },
  ]
  await check(app, ['POST', '/tasks/batch'], 200, { operations })
  await check(app, ['POST', '/tasks/batch'], 207, {
    operations: [...operations, { op: 'delete', id: ABSENT }],
  })
  await check(app, ['DELETE', '/tasks/{id}', id], 204)
  await check(app, ['GET', '/tasks/{id}/events', id], 200)
  for (const path of ['/livez', '/readyz', '/metrics']) await check(app, ['GET', path], 200)
})

test('every refusal of a tour through all endpoints is as the document says', async () => {
  const app = await startApp()
  const { id } = (await check(
    app,
    ['POST', '/tasks'],
    201,
    { title: 'Tour' },
    { 'idempotency-key': 'k' },
  )) as { id: string }
  const stale = { 'if-match': '"9"' }
  const text = { 'content-type': 'text/plain' }
  const large = { title: ' '.repeat(9 * 1024 * 1024) }
  const bodied = [
    ['POST', '/tasks'],
    ['PUT', '/tasks/{id}', id],
    ['PATCH', '/tasks/{id}', id],
    ['POST', '/tasks/batch'],
    ['POST', '/tasks/{id}/complete', id],
    ['DELETE', '/tasks/{id}', id],
  ] as const
  for (const one of bodied) {
    await check(app, one, 415, { title: 'x' }, text)
    await check(app, one, 413, large)
    await check(app, one, 422, { unknown: 1 })
    if (one.length === 3) {
      const body =
        one[0].startsWith('P') && !one[1].endsWith('complete') ? { title: 'y' } : undefined
      await check(app, one, 412, body, stale)
      await check(app, one, 400, body, { 'if-match': '9' })
      await check(app, [one[0], one[1], ABSENT], 404, body)
    }
  }
  await check(app, ['POST', '/tasks'], 422, { title: 'Other' }, { 'idempotency-key': 'k' })
  await check(app, ['GET', '/tasks/{id}', ABSENT], 404)
  await check(app, ['GET', '/tasks/{id}/events', ABSENT], 404)
})

test.each(['/tasks', '/tasks/{id}', '/tasks/{id}/events', '/livez', '/readyz', '/metrics'])(
  'an unknown parameter of GET %s is refused as the document says',
  async (path) => {
    const app = await startApp()
    await check(app, ['GET', path, ABSENT], 422, undefined, {}, '?unknown=1')
  },
)

test('without a database and while draining the answers are as the document says', async () => {
  const none = await startApp({ database: 'none' })
  await check(none, ['GET', '/readyz'], 200)
  await check(none, ['GET', '/tasks'], 200)
  for (const one of [
    ['GET', '/tasks/{id}', ABSENT],
    ['DELETE', '/tasks/{id}', ABSENT],
    ['GET', '/tasks/{id}/events', ABSENT],
    ['POST', '/tasks/{id}/complete', ABSENT],
  ] as const)
    await check(none, one, 503)
  await check(none, ['POST', '/tasks'], 503, { title: 'x' })
  await check(none, ['POST', '/tasks/batch'], 503, { operations: [{ op: 'complete', id: ABSENT }] })
  await check(await startApp({ isDraining: () => true }), ['GET', '/readyz'], 503)
})

describe('the examples', () => {
  test('of each schema fit it', async () => {
    const document = await documentOf(await startApp())
    for (const [name, { examples = [] }] of Object.entries(document.components.schemas))
      for (const example of examples)
        expectFits(document, { $ref: `#/components/schemas/${name}` }, example)
  })

  test('of each error are problems', async () => {
    const document = await documentOf(await startApp())
    const examples = Object.values(document.components.examples)
    expect(examples.length).toBeGreaterThan(10)
    for (const { value } of examples)
      expectFits(document, { $ref: '#/components/schemas/Problem' }, value)
  })

  test('of each body fit it', async () => {
    const document = await documentOf(await startApp())
    const all = Object.values(document.paths).flatMap((methods) => Object.values(methods))
    const media = all.flatMap((one) => Object.values(one.requestBody?.content ?? {}))
    expect(media.length).toBeGreaterThan(4)
    for (const { schema, example } of media)
      if (example !== undefined) expectFits(document, schema, example)
  })
})
