import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import { createOwners } from './ledger.ts'
import {
  eventually,
  expectHistories,
  expectKept,
  loadThrough,
  serves,
  withLimit,
} from './mongodb-load.ts'
import { createServerPlace, type Part } from './mongodb-server.ts'

/** Longer than the server's own monitor takes to notice. */
const FROZEN_MS = 6500

const PARTS: readonly Part[] = ['ferretdb', 'postgres']

const server = await createServerPlace(afterAll)
beforeAll(server.start)

const start = (name: string): Promise<RunningProcess> =>
  startProcess({ DATABASE_URL: `${server.url}/${name}`, SHUTDOWN_DRAIN_MS: '0' }, createFolder())

const send = async (url: string, method: string, body: unknown, key?: string) => {
  const began = performance.now()
  const response = await sendJson(
    url,
    method,
    body,
    key === undefined ? {} : { 'idempotency-key': key },
  )
  const answer = (await response.json()) as { code?: string } & Partial<Task>
  return { status: response.status, code: answer.code, task: answer, ms: performance.now() - began }
}

/** Freezes a part of the server while something runs. */
const frozen = async <T>(part: Part, run: () => Promise<T>): Promise<T> => {
  server.freeze(part)
  try {
    return await run()
  } finally {
    server.thaw(part)
  }
}

describe.each(PARTS)('%s is frozen', (part) => {
  test('in the midst of load: each request is answered in time, and what was answered is there when it goes on', async () => {
    const service = await start(`load_${part}`)
    const owners = createOwners()
    const readings: number[] = []
    const tally = await loadThrough(service.url, owners, 0, async () => {
      await sleep(1000)
      await frozen(part, async () => {
        for (const end = performance.now() + FROZEN_MS; performance.now() < end; await sleep(200)) {
          const began = performance.now()
          const answers = await Promise.all(
            ['/tasks', '/readyz'].map((path) => fetch(`${service.url}${path}`)),
          )
          readings.push(performance.now() - began)
          expect(answers.map(({ status }) => status)).toEqual([503, 503])
        }
      })
      await serves(service.url)
    })
    expect(tally.slowest).toBeLessThan(tally.limit)
    expect(Math.max(...readings)).toBeLessThan(tally.limit)
    expect(tally.done).toBeGreaterThan(0)
    expect(tally.outcome_unknown).toBeGreaterThan(0)
    await expectKept(service.url, owners)
    await expectHistories(service.url, (await read<Task[]>(`${service.url}/tasks`)).slice(0, 50))
  })

  test('a creation with a key that was not confirmed is settled by its retry: there is one task', async () => {
    const service = await start(`keys_${part}`)
    await serves(service.url)
    const keys = Array.from({ length: 5 }, (_, index) => `key ${index}`)
    const post = (key: string) => send(`${service.url}/tasks`, 'POST', { title: key }, key)
    const unconfirmed = await frozen(part, () => Promise.all(keys.map(post)))
    expect(unconfirmed.map(({ code }) => code)).toContain('outcome_unknown')
    const retried = await Promise.all(
      keys.map((key) =>
        eventually(10_000, async () => {
          const answer = await post(key)
          expect(answer.status).toBe(201)
          return answer.task
        }),
      ),
    )
    await serves(service.url)
    expect(
      (await read<Task[]>(`${service.url}/tasks?sort=title`)).filter(
        ({ title }) => title !== 'probe',
      ),
    ).toEqual(retried)
  })

  test('changes of one task that wait for each other are answered in time, each of them', async () => {
    const service = await start(`queue_${part}`)
    const { task } = await send(`${service.url}/tasks`, 'POST', { title: 'One' })
    const patch = (_: unknown, index: number) =>
      send(`${service.url}/tasks/${task.id}`, 'PATCH', { title: `One ${index}` })
    const { result: answers, limit } = await withLimit(service.url, () =>
      frozen(part, () => Promise.all(Array.from({ length: 10 }, patch))),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503))
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(limit)
    await serves(service.url)
  })

  test('told to stop meanwhile, it does', async () => {
    const service = await start(`stop_${part}`)
    await serves(service.url)
    await frozen(part, async () => {
      const sent = send(`${service.url}/tasks`, 'POST', { title: 'Last' })
      await sleep(200)
      expect(await Promise.race([service.end('SIGTERM'), sleep(10_000, 'runs on')])).toBe(0)
      expect((await sent).code).toBe('outcome_unknown')
    })
  })
})
