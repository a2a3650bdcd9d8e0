import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '#src/http/json-text.ts'
import { startApp } from '../start-app.ts'
import { create, expectProblem, list } from './requests.ts'

const post = async (payload: string | Buffer, url = '/tasks') => {
  const app = await startApp({ database: 'memory' })
  const answer = await app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    payload,
  })
  return { app, answer }
}

describe('a name that stands twice in one object is 400, with the name and its place', () => {
  test.each([
    ['{"title":"a","title":"b"}', '"title" at line 1, column 14'],
    ['{"title":"a",\n  "title":"a"}', '"title" at line 2, column 3'],
    ['{"title":"a","due_at":null,"due_at":null}', '"due_at" at line 1, column 28'],
    ['{"title":"a","t\\u0069tle":"b"}', '"title" at line 1, column 14'],
    ['{"title":"\\"},{\\"","x":":","x":"\\\\"}', '"x" at line 1, column 28'],
    ['{"__proto__":1,"__proto__":2}', '"__proto__" at line 1, column 16'],
    ['{"title":"a","more":{"b":[{"c":1,"c":2}]}}', '"c" at line 1, column 34'],
  ])('%s', async (payload, place) => {
    const { app, answer } = await post(payload)
    expect(expectProblem(answer, 400, 'malformed_json').detail).toContain(place)
    expect(await list(app)).toEqual([])
  })

  test('in a batch and in a patch as well', async () => {
    const { app, answer } = await post(
      '{"operations":[{"op":"create","op":"delete","task":{"title":"x"}}]}',
      '/tasks/batch',
    )
    expectProblem(answer, 400, 'malformed_json')
    const task = await create(app)
    const headers = { 'content-type': 'application/merge-patch+json' }
    const payload = '{"status":"completed","status":"pending"}'
    const patched = await app.inject({
      method: 'PATCH',
      url: `/tasks/${task.id}`,
      headers,
      payload,
    })
    expectProblem(patched, 400, 'malformed_json')
  })

  test('but not in two objects, or as a value', async () => {
    const { answer } = await post('{"title":"title: {\\"title\\": 1}","labels":["title","title:"]}')
    expect(answer.statusCode, answer.body).toBe(201)
  })

  test('any value reads as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('any object with one name repeated is refused', () => {
    const member = fc.tuple(fc.string({ unit: 'binary' }), fc.jsonValue())
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 1 }),
        fc.nat(),
        fc.jsonValue(),
        (members, at, value) => {
          const names = [...new Map(members)]
          const repeated = [...names, [names[at % names.length]?.[0], value] as const]
          const text = repeated
            .map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`)
            .join(',')
          expect(() => parseJson(`[{"x":{${text}}}]`)).toThrow('name twice')
        },
      ),
    )
  })
})

describe('a text that is not JSON is 400, with its place', () => {
  test.each([
    ['{"title":}', 'line 1, column 10'],
    ['{"title":"a"', 'line 1, column 13'],
    ['{\n "title": "a",\n}', 'line 3, column 1'],
    ['{"title" "a"}', 'line 1, column 10'],
    ['{"title":"a"} x', 'line 1, column 15'],
    ["{'title':'a'}", 'line 1, column 2'],
    ['{"title":"a" /* b */}', 'line 1, column 14'],
  ])('%j', async (payload, place) => {
    const { answer } = await post(payload)
    expect(expectProblem(answer, 400, 'malformed_json').detail).toContain(place)
  })

  test.each(['[', '{"a":'])(
    'also when it is nested too deep to walk through (%s)',
    async (piece) => {
      const { answer } = await post(piece.repeat(150_000))
      expectProblem(answer, 400, 'malformed_json')
    },
  )

  test('and one that is nested deep but valid is judged by its schema', async () => {
    const { answer } = await post('['.repeat(200_000) + ']'.repeat(200_000))
    expectProblem(answer, 422, 'invalid_input')
  })
})

test('a byte order mark before the body is skipped', async () => {
  const { answer } = await post('\uFEFF{"title":"\uFEFFa"}')
  expect(answer.statusCode, answer.body).toBe(201)
  expect(answer.json().title).toBe('a')
  expectProblem((await post('\uFEFF\uFEFF{"title":"a"}')).answer, 400, 'malformed_json')
})

test.each([
  ['/tasks', 1],
  ['/tasks/batch', 8],
  ['/nowhere', 1],
] as const)('a body that is too large for %s names the limit of %i MiB', async (url, limit) => {
  const { answer } = await post(`{"title":"${'x'.repeat(limit * 1024 * 1024)}"}`, url)
  expect(expectProblem(answer, 413, 'body_too_large').detail).toContain(`${limit} MiB`)
})
