import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import { startApp } from '../start-app.ts'
import { create, expectProblem, get, type ProblemBody, send } from './requests.ts'

const DAY = 24 * 60 * 60 * 1000
const MAX_KEYS = 100
const key = (value: string) => ({ 'idempotency-key': value })

const countEvents = async (app: App, id: string): Promise<number> =>
  (await send(app, 'GET', `/tasks/${id}/events`)).json<unknown[]>().length

describe(`a task with ${MAX_KEYS} keys within 24 hours`, () => {
  const START = Date.parse('2026-03-01T09:00:00Z')
  const patch = (app: App, id: string, name: string, title = name) =>
    send(app, 'PATCH', `/tasks/${id}`, { title }, key(name))

  const expectTooMany = (answer: Awaited<ReturnType<typeof send>>, retryAfter: number): void => {
    const { detail } = expectProblem(answer, 429, 'too_many_keys')
    expect(detail).toContain(String(MAX_KEYS))
    expect(answer.headers['retry-after']).toBe(String(retryAfter))
  }

  const startFull = async () => {
    let now = START
    const app = await startApp({ now: () => now })
    const { id } = await create(app, { title: 'Full' }, key('its own'))
    for (let index = 0; index < MAX_KEYS; index += 1) {
      now = START + index * 1000
      expect((await patch(app, id, `key ${index}`)).statusCode).toBe(200)
    }
    return { app, id, passTo: (elapsed: number) => (now = START + elapsed) }
  }

  test('takes the next when the oldest expires, and changes without a key', async () => {
    const { app, id, passTo } = await startFull()
    const before = await get(app, id)
    expectTooMany(await patch(app, id, 'one more'), DAY / 1000 - 99)
    for (const [method, path] of [
      ['POST', '/complete'],
      ['DELETE', ''],
    ] as const)
      expectTooMany(
        await send(app, method, `/tasks/${id}${path}`, undefined, key('more')),
        DAY / 1000 - 99,
      )
    expect(await get(app, id)).toEqual(before)
    expect((await patch(app, id, 'key 0')).headers['idempotent-replayed']).toBe('true')

    const without = await send(app, 'PATCH', `/tasks/${id}`, { title: 'without' })
    expect(without.statusCode).toBe(200)
    const other = await create(app)
    expect((await patch(app, other.id, 'one more')).statusCode).toBe(200)

    passTo(DAY - 500)
    expectTooMany(await patch(app, id, 'one more'), 1)
    passTo(DAY)
    expect((await patch(app, id, 'one more')).statusCode).toBe(200)
    expectTooMany(await patch(app, id, 'and another'), 1)
  })

  test('refuses the operations of a batch beyond them', async () => {
    const { app, id, passTo } = await startFull()
    passTo(DAY + 1000)
    const other = await create(app)
    const operations = [
      { op: 'update', id, task: { title: '1' } },
      { op: 'create', task: { title: 'new' } },
      { op: 'complete', id },
      { op: 'delete', id },
      { op: 'complete', id: other.id },
    ]
    const batch = () => send(app, 'POST', '/tasks/batch', { operations }, key('k'))
    for (const headers of [await batch(), await batch()]) {
      expect(headers.statusCode).toBe(207)
      const { results } = headers.json<{ results: { status: number; error?: ProblemBody }[] }>()
      expect(results.map(({ status }) => status)).toEqual([200, 201, 200, 429, 200])
      expect(results[3]?.error).toMatchObject({
        code: 'too_many_keys',
        detail: expect.stringContaining('100'),
      })
    }
    expect(await countEvents(app, id)).toBe(MAX_KEYS + 3)
  })
})

test('a batch with a key carries out the first 100 operations on one task, without a key all', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const operations = Array.from({ length: 130 }, (_, index) => ({
    op: 'update',
    id,
    task: { title: `t${index}` },
  }))
  const batch = async (headers = {}) => {
    const answer = await send(app, 'POST', '/tasks/batch', { operations }, headers)
    return answer.json<{ results: { status: number }[] }>().results.map(({ status }) => status)
  }
  const kept = [...Array(100).fill(200), ...Array(30).fill(429)]
  expect(await batch(key('k'))).toEqual(kept)
  expect(await batch(key('k'))).toEqual(kept)
  expect(await get(app, id)).toMatchObject({ title: 't99', version: 101 })
  expect(await batch()).toEqual(Array(130).fill(200))
})
