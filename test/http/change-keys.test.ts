import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import type { Task } from '#src/task/task.ts'
import { startApp } from '../start-app.ts'
import { startGithubApp } from './github-app.ts'
import { create, expectInvalid, expectProblem, get, send } from './requests.ts'

const DAY = 24 * 60 * 60 * 1000
const key = (value: string) => ({ 'idempotency-key': value })

const countEvents = async (app: App, id: string): Promise<number> =>
  (await send(app, 'GET', `/tasks/${id}/events`)).json<unknown[]>().length

const CHANGES = [
  ['PUT', '', { title: 'changed' }],
  ['PATCH', '', { title: 'changed' }],
  ['POST', '/complete', undefined],
] as const

describe.each(CHANGES)('%s /tasks/{id}%s with an Idempotency-Key', (method, path, body) => {
  const change = (app: App, id: string, headers = {}) =>
    send(app, method, `/tasks/${id}${path}`, body, headers)

  test('is done once; a retry is the task as it is now', async () => {
    const app = await startApp()
    const { id } = await create(app)
    const first = await change(app, id, key('k'))
    expect([first.statusCode, first.headers.etag, first.headers['idempotent-replayed']]).toEqual([
      200,
      '"2"',
      undefined,
    ])
    const again = await change(app, id, key('k'))
    expect([again.statusCode, again.body, again.headers.etag]).toEqual([200, first.body, '"2"'])
    expect(again.headers['idempotent-replayed']).toBe('true')

    const now = await send(app, 'PATCH', `/tasks/${id}`, { title: 'since', status: 'pending' })
    const later = await change(app, id, key('k'))
    expect([later.statusCode, later.body, later.headers.etag]).toEqual([200, now.body, '"3"'])
    expect(later.headers['idempotent-replayed']).toBe('true')
    expect(await countEvents(app, id)).toBe(3)
  })

  test('is replayed whatever its preconditions say by now', async () => {
    const app = await startApp()
    const { id } = await create(app)
    const ask = (headers: object) => change(app, id, { ...key('k'), ...headers })
    expect((await ask({ 'if-match': '"1"' })).statusCode).toBe(200)
    for (const headers of [
      { 'if-match': '"1"' },
      { 'if-none-match': '*' },
      { 'if-none-match': '"2"' },
      {},
    ]) {
      const again = await ask(headers)
      expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([200, 'true'])
    }
    expectProblem(await ask({ 'if-match': '1' }), 400, 'malformed_request')
  })

  test('is not kept when it is refused', async () => {
    const app = await startApp()
    const { id } = await create(app)
    const refused = await change(app, id, { ...key('k'), 'if-match': '"9"' })
    expectProblem(refused, 412, 'version_mismatch')
    const tried = await change(app, id, { ...key('k'), 'if-match': '"1"' })
    expect([tried.statusCode, tried.headers['idempotent-replayed']]).toEqual([200, undefined])
  })

  test('is 404 for a task that was deleted since, or never was', async () => {
    const app = await startApp()
    const { id } = await create(app)
    await change(app, id, key('k'))
    await send(app, 'DELETE', `/tasks/${id}`)
    expectProblem(await change(app, id, key('k')), 404, 'not_found')
    expectProblem(
      await change(app, '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e', key('k')),
      404,
      'not_found',
    )
  })

  test('is kept for 24 hours', async () => {
    let now = Date.parse('2026-03-01T09:00:00Z')
    const app = await startApp({ now: () => now })
    const { id } = await create(app)
    await change(app, id, key('k'))
    now += DAY - 1
    expect((await change(app, id, key('k'))).headers['idempotent-replayed']).toBe('true')
    now += 2
    expect((await change(app, id, key('k'))).headers['idempotent-replayed']).toBeUndefined()
  })

  test.each(['', 'k'.repeat(201), 'clé', 'a\tb', 'a\nb'])(
    'is 422 with the key %j',
    async (value) => {
      const app = await startApp({ database: 'memory' })
      const { id } = await create(app)
      expect(expectInvalid(await change(app, id, key(value)))).toEqual(['#/idempotency-key'])
      expect(await countEvents(app, id)).toBe(1)
    },
  )

  test('50 times at once is done once', async () => {
    const app = await startApp()
    const { id } = await create(app)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => change(app, id, key('race'))),
    )
    expect(new Set(answers.map(({ statusCode, body: text }) => `${statusCode} ${text}`)).size).toBe(
      1,
    )
    expect(
      answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined),
    ).toHaveLength(1)
    expect(await countEvents(app, id)).toBe(2)
  })
})

test('a change that changed nothing keeps its key', async () => {
  const app = await startApp()
  const { id, title } = await create(app)
  const ask = () => send(app, 'PATCH', `/tasks/${id}`, { title }, key('k'))
  expect((await ask()).headers['idempotent-replayed']).toBeUndefined()
  await send(app, 'PATCH', `/tasks/${id}`, { title: 'since' })
  const again = await ask()
  expect([again.json<Task>().title, again.headers['idempotent-replayed']]).toEqual([
    'since',
    'true',
  ])
  expectProblem(
    await send(app, 'PATCH', `/tasks/${id}`, {}, key('k')),
    422,
    'idempotency_key_reused',
  )
})

test('a replayed DELETE is 204, whatever its preconditions say', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const remove = (headers = {}) =>
    send(app, 'DELETE', `/tasks/${id}`, undefined, { ...key('k'), ...headers })
  expectProblem(await remove({ 'if-match': '"2"' }), 412, 'version_mismatch')
  const first = await remove({ 'if-match': '"1"' })
  expect([first.statusCode, first.headers['idempotent-replayed']]).toEqual([204, undefined])
  for (const headers of [{ 'if-match': '"1"' }, { 'if-none-match': '*' }, {}]) {
    const again = await remove(headers)
    expect([again.statusCode, again.body, again.headers['idempotent-replayed']]).toEqual([
      204,
      '',
      'true',
    ])
  }
  expectProblem(await send(app, 'DELETE', `/tasks/${id}`), 404, 'not_found')
  expectProblem(
    await send(app, 'DELETE', `/tasks/${id}`, undefined, key('other')),
    404,
    'not_found',
  )
  expect(await countEvents(app, id)).toBe(2)
})

describe('the same key', () => {
  const requests = (id: string) =>
    [
      ['PATCH', `/tasks/${id}`, { title: 'a' }],
      ['PATCH', `/tasks/${id}`, { title: 'b' }],
      ['PUT', `/tasks/${id}`, { title: 'c' }],
      ['POST', `/tasks/${id}/complete`, undefined],
      ['DELETE', `/tasks/${id}`, undefined],
    ] as const

  test('with another request on the same task is 422', async () => {
    const app = await startApp()
    for (const [index, first] of requests('').entries()) {
      const { id } = await create(app)
      const [method, , body] = first
      const [, path] = requests(id)[index] ?? first
      expect((await send(app, method, path, body, key('k'))).statusCode).toBeLessThan(300)
      for (const [other, [otherMethod, otherPath, otherBody]] of requests(id).entries()) {
        if (other === index) continue
        const answer = await send(app, otherMethod, otherPath, otherBody, key('k'))
        expectProblem(answer, 422, 'idempotency_key_reused')
      }
      expect(await countEvents(app, id)).toBe(2)
    }
  })

  test('on another task, or on a creation or a batch, is another request', async () => {
    const app = await startApp()
    const tasks = [
      await create(app, { title: 'a' }, key('k')),
      await create(app),
      await create(app),
    ]
    const operations = [{ op: 'update', id: tasks[2]?.id, task: { title: 'x' } }]
    expect((await send(app, 'POST', '/tasks/batch', { operations }, key('batch'))).statusCode).toBe(
      200,
    )
    for (const { id } of tasks) {
      for (const name of ['k', 'batch']) {
        const answer = await send(app, 'PATCH', `/tasks/${id}`, { title: name }, key(name))
        expect([answer.statusCode, answer.headers['idempotent-replayed']]).toEqual([200, undefined])
      }
    }
    expect((await create(app, { title: 'a' }, key('k'))).id).toBe(tasks[0]?.id)
  })

  test('by PUT and by PATCH with one body is one request, in any order of its members', async () => {
    const app = await startApp()
    const { id } = await create(app)
    await send(app, 'PUT', `/tasks/${id}`, { title: 'x', priority: 'low' }, key('k'))
    const again = await send(
      app,
      'PATCH',
      `/tasks/${id}`,
      { priority: 'low', title: 'x' },
      key('k'),
    )
    expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([200, 'true'])
    const completing = [undefined, {}].map((body) =>
      send(app, 'POST', `/tasks/${id}/complete`, body, key('c')),
    )
    for (const answer of await Promise.all(completing)) expect(answer.statusCode).toBe(200)
  })
})

const step = fc.record({
  name: fc.constantFrom(undefined, 'a', 'b'),
  task: fc.constantFrom(0, 1),
  title: fc.constantFrom('x', 'y'),
  isStale: fc.boolean(),
})

test('any run of keyed changes leaves what the model of remembered keys leaves', async () => {
  const app = await startApp()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const tasks = [await create(app), await create(app)]
      const known = new Map<string, string>()
      for (const { name, task, title, isStale } of steps) {
        const current = tasks[task] as Task
        const headers = { ...(name && key(name)), ...(isStale && { 'if-match': '"0"' }) }
        const answer = await send(app, 'PATCH', `/tasks/${current.id}`, { title }, headers)
        const earlier = name && known.get(`${name} ${task}`)
        if (earlier !== undefined && earlier !== title)
          expectProblem(answer, 422, 'idempotency_key_reused')
        else if (earlier === title)
          expect([answer.statusCode, answer.json()]).toEqual([200, current])
        else if (isStale) expectProblem(answer, 412, 'version_mismatch')
        else {
          expect(answer.json()).toMatchObject({
            title,
            version: current.version + Number(title !== current.title),
          })
          tasks[task] = answer.json()
          if (name) known.set(`${name} ${task}`, title)
        }
      }
      for (const task of tasks) expect(await get(app, task.id)).toEqual(task)
    }),
    { numRuns: 30 },
  )
})

test('where a key has no effect it is refused rather than ignored', async () => {
  const { app, addLinked } = await startGithubApp()
  const { id } = await addLinked()
  for (const path of [`/tasks/${id}/sync`, '/github/jobs/retry', '/github/link']) {
    expect(expectInvalid(await send(app, 'POST', path, undefined, key('k')))).toEqual([
      '#/idempotency-key',
    ])
  }
})
