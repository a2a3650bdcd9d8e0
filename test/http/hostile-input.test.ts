import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import { startApp } from '../start-app.ts'
import { create, expectInvalid, expectProblem, list, send } from './requests.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }

/** The paths that take a body, and a task for them. */
const bodied = async (app: App) => {
  const { id } = await create(app, { title: 'Untouched' })
  return [
    ['POST', '/tasks'],
    ['PUT', `/tasks/${id}`],
    ['PATCH', `/tasks/${id}`],
    ['POST', '/tasks/batch'],
    ['POST', `/tasks/${id}/complete`],
    ['DELETE', `/tasks/${id}`],
  ] as const
}

const untouched = async (app: App): Promise<void> => {
  const tasks = await list(app)
  expect(tasks.map(({ title, version }) => [title, version])).toEqual([['Untouched', 1]])
}

const BROKEN = [
  '{',
  '{"title":"x"',
  '{"title":"x"}}',
  '{"title":"x",}',
  "{'title':'x'}",
  '{title:"x"}',
  '{"title":"line\nbreak"}',
  '{"title":"\\x41"}',
  '{"title":"\\ud8"}',
  '{"title":NaN}',
  '{"title":01}',
  '// no\n{}',
  ' ',
  'undefined',
  'title=x',
  '[',
]

test('broken JSON is 400', async () => {
  const app = await startApp({ database: 'memory' })
  for (const [method, url] of await bodied(app)) {
    for (const payload of BROKEN)
      expectProblem(
        await app.inject({ method, url, headers: JSON_HEADERS, payload }),
        400,
        'malformed_json',
      )
  }
  await untouched(app)
})

test.each([
  ['a lone continuation byte', [0x80]],
  ['a truncated sequence', [0xf0, 0x9f, 0x98]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
  ['a code point beyond the last', [0xf4, 0x90, 0x80, 0x80]],
  ['Latin-1', [0xe9]],
  ['0xff', [0xff]],
])('%s is no UTF-8: 400', async (_, bytes) => {
  const app = await startApp({ database: 'memory' })
  const payload = Buffer.concat([Buffer.from('{"title":"'), Buffer.from(bytes), Buffer.from('"}')])
  for (const [method, url] of await bodied(app)) {
    expectProblem(
      await app.inject({ method, url, headers: JSON_HEADERS, payload }),
      400,
      'malformed_json',
    )
  }
  await untouched(app)
})

describe('JSON that is 200,000 levels deep is refused without harm', () => {
  const DEEP = 200_000
  const arrays = '['.repeat(DEEP) + ']'.repeat(DEEP)
  const objects = `${'{"":'.repeat(DEEP)}0${'}'.repeat(DEEP)}`
  test.each([
    ['arrays', arrays],
    ['objects', objects],
    ['arrays that are not closed', '['.repeat(DEEP)],
  ])('%s', async (_, deep) => {
    const app = await startApp({ database: 'memory' })
    const paths = (await bodied(app)).filter(([method]) => method === 'POST')
    const frames = [
      deep,
      `{"title":${deep}}`,
      `{"title":"x","labels":${deep}}`,
      `{"operations":${deep}}`,
    ]
    frames.push(
      `{"operations":[{"op":"create","task":${deep}}]}`,
      `{"operations":[{"op":"update","id":${deep}}]}`,
    )
    for (const payload of frames) {
      for (const [method, url] of paths) {
        const headers = { ...JSON_HEADERS, 'idempotency-key': 'deep' }
        const answer = await app.inject({ method, url, headers, payload })
        if (answer.statusCode === 422) expectInvalid(answer)
        else expectProblem(answer, 400, 'malformed_json')
      }
    }
    await untouched(app)
  })
})

test.each([
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  '__defineGetter__',
  'toJSON',
  '',
])('a member named %j is unknown, and changes no prototype', async (name) => {
  const app = await startApp({ database: 'memory' })
  const hostile = `${JSON.stringify(name)}:{"title":"polluted","isAdmin":true,"prototype":{"isAdmin":true}}`
  for (const [method, url] of await bodied(app)) {
    const payload = url.endsWith('batch')
      ? `{"operations":[{"op":"create","task":{"title":"x",${hostile}}}]}`
      : `{"title":"x",${hostile}}`
    expectInvalid(await app.inject({ method, url, headers: JSON_HEADERS, payload }))
    expectInvalid(await app.inject({ method, url, headers: JSON_HEADERS, payload: `{${hostile}}` }))
  }
  expect(Reflect.get({}, 'isAdmin')).toBeUndefined()
  expect(expectInvalid(await send(app, 'GET', `/tasks?${name || '%20'}=1`))).toHaveLength(1)
  await untouched(app)
})

const WRONG: Record<string, unknown[]> = {
  title: [1, true, null, [], {}, ['x']],
  description: [1, false, null, [], {}],
  status: ['done', 'PENDING', '', 1, null, ['pending'], {}],
  priority: ['urgent', 'High', '', 2, null, ['low'], {}],
  labels: ['a', 'a,b', 1, null, {}, [1], [null], [['a']], [{}]],
  due_at: [1_800_000_000, true, [], {}, 'tomorrow'],
  external_reference_id: [4711, true, [], {}],
}

test.each(Object.entries(WRONG))(
  '%s of a wrong type is 422 and never converted',
  async (field, values) => {
    const app = await startApp({ database: 'memory' })
    const { id } = await create(app, { title: 'Untouched' })
    for (const value of values) {
      const tries = [
        await send(app, 'POST', '/tasks', { title: 'T', [field]: value }),
        await send(app, 'PUT', `/tasks/${id}`, { [field]: value }),
      ]
      for (const answer of tries)
        for (const pointer of expectInvalid(answer))
          expect(pointer).toMatch(new RegExp(`^#/${field}(/0)?$`))
    }
    await untouched(app)
  },
)

test('numbers beyond all bounds are 422', async () => {
  const app = await startApp({ database: 'memory' })
  const { id } = await create(app, { title: 'Untouched' })
  for (const number of ['1e999', '-1', '0', '1.5', '9007199254740993', '1e-7']) {
    const answer = await app.inject({
      method: 'PUT',
      url: `/tasks/${id}`,
      headers: JSON_HEADERS,
      payload: `{"version":${number}}`,
    })
    expect(expectInvalid(answer)).toEqual(['#/version'])
  }
  await untouched(app)
})

test('a problem stays small and well-formed however large or odd the input was', async () => {
  const app = await startApp({ database: 'memory' })
  const many = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, index) => [`field ${index}/~\ud800`, index]),
  )
  const long = { title: 'x', ['n'.repeat(500_000)]: 1 }
  const bad = { title: 'x', labels: Array.from({ length: 100_000 }, () => 5) }
  for (const body of [many, long, bad, { title: '😀'.repeat(200_000) }]) {
    const answer = await send(app, 'POST', '/tasks', body)
    expectInvalid(answer)
    expect(answer.body.length).toBeLessThan(10_000)
    expect(answer.body.isWellFormed()).toBe(true)
  }
})

const UNKNOWN = [1, 7, 8, 9, 500]

test.each(UNKNOWN)('%d unknown fields are named, at least some of them', async (count) => {
  const app = await startApp({ database: 'memory' })
  const unknown = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`field${index}`, 1]),
  )
  for (const [method, url] of await bodied(app)) {
    const pointers = expectInvalid(await send(app, method, url, { title: 'x', ...unknown }))
    expect(pointers.length).toBeLessThanOrEqual(100)
  }
  await untouched(app)
})

describe('10,000 query parameters', () => {
  const repeat = (parameter: (index: number) => string): string =>
    Array.from({ length: 10_000 }, (_, index) => parameter(index)).join('&')

  test.each([
    ['unknown ones', repeat((index) => `p${index}=1`)],
    ['one unknown', repeat(() => 'x=1')],
    ['one that is no list', repeat(() => 'limit=1')],
    ['labels', repeat((index) => `label=${index}`)],
  ])('are refused in few words: %s', async (_, query) => {
    const answer = await send(await startApp({ database: 'memory' }), 'GET', `/tasks?${query}`)
    expectInvalid(answer)
    expect(answer.body.length).toBeLessThan(10_000)
  })

  test.each([
    ['repeated', repeat(() => 'status=pending')],
    ['separated by commas', `status=${repeat(() => 'pending').replaceAll('&', ',')}`],
  ])('or values of one that is a list are taken: %s', async (_, query) => {
    const app = await startApp({ database: 'memory' })
    const task = await create(app)
    expect(await list(app, `?${query}`)).toEqual([task])
  })
})

test.each(['/tasks/%zz', '/%', '/tasks?q=%', '/tasks/%ff', '/tasks/%c0%af', '/%E0%A4%A'])(
  'the URL %s is never a 5xx',
  async (url) => {
    const app = await startApp({ database: 'memory' })
    const answer = await send(app, 'GET', url)
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode).toBeLessThan(500)
    expectProblem(answer, answer.statusCode, answer.json().code)
  },
)

test.each(['/tasks/%zz', '/%zz', '/tasks/%', '/tasks/%zz/complete?x=1'])(
  'the URL %s cannot be decoded: 400',
  async (url) => {
    const app = await startApp({ database: 'memory' })
    const problem = expectProblem(await send(app, 'GET', url), 400, 'malformed_request')
    expect(problem.instance).toBe(url.split('?')[0])
  },
)
