import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import { connectTo, expectWholeSequence } from './event-sequence.ts'
import { createOwners } from './ledger.ts'
import { eventually, expectKept, loadThrough } from './mongodb-load.ts'

const TIMES = 50

/** Service processes over one database; the first one, which has published something, is the one that publishes. */
const startReplicas = async (count: number) => {
  const url = await createDatabaseUrl()
  const start = () => startProcess({ DATABASE_URL: url, SHUTDOWN_DRAIN_MS: '0' }, createFolder())
  const first = await start()
  const task = await create(first.url, 'first')
  await published(first.url, task.id, 5000)
  const others = await Promise.all(Array.from({ length: count - 1 }, start))
  return {
    db: await connectTo(url),
    task,
    replicas: [first, ...others] as [RunningProcess, ...RunningProcess[]],
  }
}

const create = async (url: string, title: string): Promise<Task> => {
  const response = await sendJson(`${url}/tasks`, 'POST', { title })
  expect(response.status).toBe(201)
  return (await response.json()) as Task
}

/** Resolves once all events of a task have their place in the sequence, with how long that took. */
const published = async (url: string, id: string, milliseconds: number): Promise<number> => {
  const began = performance.now()
  await eventually(milliseconds, async () => {
    const events = await read<{ sequence: number | null }[]>(`${url}/tasks/${id}/events`)
    expect(events.filter(({ sequence }) => sequence === null)).toEqual([])
  })
  return performance.now() - began
}

/** The same at once from all of them, in turn. */
const spread = <T>(
  replicas: readonly RunningProcess[],
  count: number,
  run: (url: string, index: number) => Promise<T>,
): Promise<T[]> =>
  Promise.all(
    Array.from({ length: count }, (_, index) =>
      run(replicas[index % replicas.length]?.url ?? '', index),
    ),
  )

describe.each([2, 3])('%i processes over one database', (count) => {
  test(`${TIMES} PUTs with one ETag change the task once`, async () => {
    const { replicas } = await startReplicas(count)
    const { id } = await create(replicas[0].url, 'one')
    const answers = await spread(replicas, TIMES, (url, index) =>
      sendJson(`${url}/tasks/${id}`, 'PUT', { title: `by ${index}` }, { 'if-match': '"1"' }),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array.from({ length: TIMES - 1 }, () => 412)])
    const winner = (await answers.find(({ status }) => status === 200)?.json()) as Task
    for (const { url } of replicas) expect(await read(`${url}/tasks/${id}`)).toEqual(winner)
    expect(winner.version).toBe(2)
  })

  test(`${TIMES} POSTs with one Idempotency-Key make one task and are answered alike`, async () => {
    const { replicas } = await startReplicas(count)
    const answers = await spread(replicas, TIMES, async (url) => {
      const response = await sendJson(
        `${url}/tasks`,
        'POST',
        { title: 'twin' },
        { 'idempotency-key': 'twins' },
      )
      return `${response.status} ${await response.text()}`
    })
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^201 /)
    for (const { url } of replicas) {
      const twins = (await read<Task[]>(`${url}/tasks`)).filter(({ title }) => title === 'twin')
      expect(twins).toHaveLength(1)
    }
  })

  test(`${TIMES} changes of one task without a precondition are all made`, async () => {
    const { replicas } = await startReplicas(count)
    const { id } = await create(replicas[0].url, 'one')
    const answers = await spread(replicas, TIMES, async (url, index) => {
      const response = await sendJson(`${url}/tasks/${id}`, 'PATCH', { title: `change ${index}` })
      return { status: response.status, task: (await response.json()) as Task }
    })
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(answers.map(({ task }) => task.version).sort((a, b) => a - b)).toEqual(
      answers.map((_, index) => index + 2),
    )
    await published(replicas[0].url, id, 10_000)
    for (const { url } of replicas) {
      const events = await read<{ changes: { title: { after: string } } }[]>(
        `${url}/tasks/${id}/events`,
      )
      const titles = events.slice(1).map(({ changes }) => changes.title.after)
      expect(titles).toEqual(
        answers.sort((a, b) => a.task.version - b.task.version).map(({ task }) => task.title),
      )
    }
  })

  test('each serves at once what another one wrote, and the sequence of their events is whole', async () => {
    const { db, replicas } = await startReplicas(count)
    await spread(replicas, TIMES, async (url, index) => {
      const other = replicas[(index + 1) % replicas.length]?.url
      const task = await create(url, `seen${index}`)
      expect(await read(`${other}/tasks/${task.id}`)).toEqual(task)
      expect(await read(`${other}/tasks?q=seen${index}`)).toContainEqual(task)
      const changed = await sendJson(`${other}/tasks/${task.id}/complete`, 'POST', {})
      expect(await read(`${url}/tasks/${task.id}`)).toEqual(await changed.json())
      if (index % 2 === 1) return
      expect((await fetch(`${url}/tasks/${task.id}`, { method: 'DELETE' })).status).toBe(204)
      expect((await fetch(`${other}/tasks/${task.id}`)).status).toBe(404)
    })
    await eventually(10_000, async () =>
      expect(await expectWholeSequence(db)).toBe(1 + TIMES * 2 + TIMES / 2),
    )
  })

  test('what 32 writers were answered is there, and the sequence of their events is whole', async () => {
    const { db, task, replicas } = await startReplicas(count)
    const owners = createOwners()
    const load = (replica: RunningProcess, index: number) => {
      const own = owners.filter((_, writer) => writer % replicas.length === index)
      return loadThrough(replica.url, own, index, () => sleep(2000))
    }
    const tallies = await Promise.all(replicas.map(load))
    for (const tally of tallies)
      expect(tally).toMatchObject({ database_unavailable: 0, outcome_unknown: 0 })
    expect((await fetch(`${replicas[0].url}/tasks/${task.id}`, { method: 'DELETE' })).status).toBe(
      204,
    )
    await expectKept(replicas[1]?.url ?? '', owners)
    await eventually(15_000, () => expectWholeSequence(db))
  })
})

describe('when the process that publishes', () => {
  test('is killed, another one goes on after its lease', async () => {
    const { db, replicas } = await startReplicas(2)
    const [holder, other] = replicas
    if (other === undefined) throw new Error('there is one')
    await holder.end('SIGKILL')
    const { id } = await create(other.url, 'second')
    expect(await published(other.url, id, 15_000)).toBeLessThan(7500)
    expect(await expectWholeSequence(db)).toBe(2)
  })

  test('is told to stop, another one goes on at once', async () => {
    const { db, replicas } = await startReplicas(2)
    const [holder, other] = replicas
    if (other === undefined) throw new Error('there is one')
    expect(await holder.end('SIGTERM')).toBe(0)
    const { id } = await create(other.url, 'second')
    expect(await published(other.url, id, 15_000)).toBeLessThan(2500)
    expect(await expectWholeSequence(db)).toBe(2)
  })
})
