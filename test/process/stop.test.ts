import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { newContext } from '../request-context.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import { answerTo, begin, exchange, openConnection } from './exchange.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

const launch = (drainMs: number, folder = createFolder()): Promise<RunningProcess> =>
  startProcess({ SHUTDOWN_DRAIN_MS: String(drainMs) }, folder)

/** A service that has answered already. */
const start = async (drainMs: number, folder?: string): Promise<RunningProcess> => {
  const service = await launch(drainMs, folder)
  expect((await exchange(`${service.url}/livez`)).status).toBe(200)
  return service
}

const timed = async <T>(run: () => Promise<T>): Promise<{ result: T; ms: number }> => {
  const began = performance.now()
  const result = await run()
  return { result, ms: performance.now() - began }
}

/** Resolves once the process has noticed that it was told to stop. */
const drained = async (url: string) => {
  for (let tries = 0; tries < 50; tries++) {
    const answer = await exchange(`${url}/readyz`)
    if (answer.status !== 200) return answer
    await sleep(5)
  }
  throw new Error('/readyz still is 200')
}

describe('told to stop', () => {
  test.each(SIGNALS)(
    'by %s it exits with 0 in far less than 10 s though a client keeps its connection',
    async (signal) => {
      const folder = createFolder()
      const service = await start(100, folder)
      const kept = openConnection()
      const { body } = await exchange(
        `${service.url}/tasks`,
        'POST',
        { title: 'Answered before' },
        kept,
      )
      const { result, ms } = await timed(() => service.end(signal))
      expect(result).toBe(0)
      expect(ms).toBeLessThan(5000)
      const again = await start(0, folder)
      expect(JSON.parse((await exchange(`${again.url}/tasks`)).body)).toEqual([JSON.parse(body)])
    },
  )

  test('at the very moment at which it says where it is, it exits with 0', async () => {
    for (let round = 0; round < 3; round++) expect(await (await launch(0)).end('SIGTERM')).toBe(0)
  })

  test('it leaves the data in one file', async () => {
    const folder = createFolder()
    const service = await start(0, folder)
    await exchange(`${service.url}/tasks`, 'POST', { title: 'Kept' })
    await service.end('SIGTERM')
    const copy = join(createFolder(), 'copy.db')
    copyFileSync(join(folder, 'data', 'tasks.db'), copy)
    const again = await startProcess({ DATABASE_URL: `sqlite:${copy}` }, folder)
    expect(JSON.parse((await exchange(`${again.url}/tasks`)).body)).toMatchObject([
      { title: 'Kept' },
    ])
  })
})

describe('while it drains', () => {
  test('it is not ready but answers, and every answer asks to close its connection', async () => {
    const service = await start(1500)
    const kept = openConnection()
    const before = await exchange(`${service.url}/tasks`, 'POST', { title: 'Before' }, kept)
    expect(before.headers.connection).not.toBe('close')
    const ended = service.end('SIGTERM')
    const ready = await drained(service.url)
    expect(ready).toMatchObject({
      status: 503,
      headers: { connection: 'close', 'retry-after': expect.any(String) },
    })
    expect(JSON.parse(ready.body)).toMatchObject({ code: 'draining' })
    const answers = [
      await exchange(`${service.url}/tasks`, 'GET', undefined, kept),
      await exchange(`${service.url}/tasks`, 'POST', { title: 'Meanwhile' }),
      await exchange(`${service.url}/tasks/none`),
      await exchange(`${service.url}/livez`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 201, 404, 200])
    for (const { headers } of answers) expect(headers.connection).toBe('close')
    expect(await ended).toBe(0)
    await expect(exchange(`${service.url}/livez`)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('what is in flight when the signal comes', () => {
  const halfSent = async (service: RunningProcess) => {
    const sent = begin(`${service.url}/tasks`, 'POST')
    sent.setHeader('content-length', 23)
    sent.write('{"title":"Slow ')
    await sleep(100)
    return sent
  }

  test('a body that is still being sent gets its answer, also after the port has closed', async () => {
    const folder = createFolder()
    const service = await start(0, folder)
    const sent = await halfSent(service)
    const ended = service.end('SIGTERM')
    await sleep(500)
    await expect(exchange(`${service.url}/livez`)).rejects.toThrow('ECONNREFUSED')
    const answering = answerTo(sent.end('but ok"}'))
    const answer = await answering
    expect(answer.statusCode).toBe(201)
    const task = await json(answer)
    expect(await ended).toBe(0)
    const again = await start(0, folder)
    expect(JSON.parse((await exchange(`${again.url}/tasks`)).body)).toEqual([task])
  })

  test('its answer asks to close the connection, so that the stop does not wait for it', async () => {
    const service = await start(0)
    const sent = await halfSent(service)
    const ended = service.end('SIGTERM')
    await sleep(300)
    const answer = await answerTo(sent.end('but ok"}'))
    await json(answer)
    const { result, ms } = await timed(() => ended)
    expect({ code: result, connection: answer.headers.connection }).toEqual({
      code: 0,
      connection: 'close',
    })
    expect(ms).toBeLessThan(3000)
  })

  test('a body that never ends does not keep it from stopping', async () => {
    const service = await start(0)
    const sent = await halfSent(service)
    sent.on('error', () => {})
    const { result, ms } = await timed(() => service.end('SIGTERM'))
    expect(result).toBe(0)
    expect(ms).toBeLessThan(10_000)
  })

  test('a list that is being streamed comes to its end, and the stop does not wait any longer', async () => {
    const folder = createFolder()
    await seed(join(folder, 'data/tasks.db'), 3000)
    const service = await start(0, folder)
    const answer = await answerTo(begin(`${service.url}/tasks`, 'GET').end())
    const ended = service.end('SIGTERM')
    await sleep(300)
    expect(service.child.exitCode).toBe(null)
    expect(await json(answer)).toHaveLength(3000)
    const { result, ms } = await timed(() => ended)
    expect(result).toBe(0)
    expect(ms).toBeLessThan(3000)
  })
})

/** Long enough in all that a list does not fit into the buffers between the service and a client. */
const seed = async (path: string, count: number): Promise<void> => {
  const repository = openSqliteRepository(path, TASK)
  const service = createTaskService({ table: TASK, repository, newId: createUuids(undefined) })
  const draft = { title: 'Long', description: '-'.repeat(10_000) }
  await Promise.all(Array.from({ length: count }, () => service.create(newContext(), draft)))
  await repository.close()
}

describe('a second signal', () => {
  test('more than 500 ms after the first exits at once, and not with 0', async () => {
    const service = await start(20_000)
    const ended = service.end('SIGTERM')
    await sleep(700)
    expect(service.child.exitCode).toBe(null)
    const { result, ms } = await timed(() => {
      service.child.kill('SIGINT')
      return ended
    })
    expect(result).toBeGreaterThan(0)
    expect(ms).toBeLessThan(2000)
  })

  test('within 500 ms is the first one again', async () => {
    const service = await start(1200)
    const ended = service.end('SIGINT')
    await drained(service.url)
    service.child.kill('SIGINT')
    await sleep(100)
    service.child.kill('SIGTERM')
    await sleep(100)
    expect((await exchange(`${service.url}/livez`)).status).toBe(200)
    expect(await ended).toBe(0)
  })
})
