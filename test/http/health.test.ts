import { describe, expect, test } from 'vitest'
import { startApp, startServer } from '../start-app.ts'
import { exchange, openSocket } from './raw-socket.ts'
import { create, expectProblem, send } from './requests.ts'

test('/livez and /readyz are 200 while the service can serve', async () => {
  const app = await startApp()
  for (const url of ['/livez', '/readyz']) {
    const answer = await send(app, 'GET', url)
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }])
    expect(answer.headers.connection).not.toBe('close')
    expect((await send(app, 'HEAD', url)).statusCode).toBe(200)
  }
})

describe('while draining', () => {
  test('/readyz turns 503 at once, /livez stays 200', async () => {
    let draining = false
    const app = await startApp({ isDraining: () => draining })
    expect((await send(app, 'GET', '/readyz')).statusCode).toBe(200)
    draining = true
    const answer = await send(app, 'GET', '/readyz')
    expectProblem(answer, 503, 'draining')
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect((await send(app, 'GET', '/livez')).statusCode).toBe(200)
  })

  test('requests are still served, and every answer asks to close its connection', async () => {
    let draining = false
    const app = await startApp({ isDraining: () => draining })
    const { id } = await create(app)
    draining = true
    const answers = [
      await send(app, 'POST', '/tasks', { title: 'x' }),
      await send(app, 'GET', '/tasks'),
      await send(app, 'GET', '/tasks?limit=1'),
      await send(app, 'GET', `/tasks/${id}`),
      await send(app, 'PUT', `/tasks/${id}`, { title: 'y' }),
      await send(app, 'GET', `/tasks/${id}/events`),
      await send(app, 'GET', '/metrics'),
      await send(app, 'GET', '/livez'),
      await send(app, 'DELETE', `/tasks/${id}`),
      await send(app, 'GET', '/tasks/1'),
      await send(app, 'POST', '/tasks', { title: '' }),
      await send(app, 'GET', '/nowhere'),
      await send(app, 'POST', '/livez'),
      await send(app, 'GET', '/%zz'),
    ]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([
      201, 200, 200, 200, 200, 200, 200, 200, 204, 404, 422, 404, 405, 400,
    ])
    expect(answers.map(({ headers }) => headers.connection)).toEqual(answers.map(() => 'close'))
  })

  test('a kept connection is closed by the service after its answer', async () => {
    let draining = false
    const url = await startServer({ isDraining: () => draining })
    const { socket, ended } = await openSocket(url)
    const request = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'
    socket.write(request)
    await new Promise((resolve) => socket.once('data', resolve))
    expect(socket.closed).toBe(false)
    draining = true
    socket.write(request)
    expect((await ended).match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    const answer = await exchange(url, request)
    expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close'])
  })
})

test('/metrics tells requests by method, route and status, and the process, in the Prometheus format', async () => {
  const app = await startApp()
  const { id } = await create(app)
  await create(app)
  await send(app, 'GET', `/tasks/${id}`)
  await send(app, 'GET', '/tasks/absent')
  await send(app, 'POST', '/tasks', {})
  await send(app, 'GET', `/nowhere/${id}`)
  const answer = await send(app, 'GET', '/metrics')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=/)
  const count = (method: string, route: string, status: number): string | undefined =>
    answer.body
      .split('\n')
      .find(
        (line) =>
          line.startsWith('http_request_duration_seconds_count{') &&
          [`method="${method}"`, `route="${route}"`, `status="${status}"`].every((label) =>
            line.includes(label),
          ),
      )
      ?.split(' ')[1]
  expect(count('POST', '/tasks', 201)).toBe('2')
  expect(count('POST', '/tasks', 422)).toBe('1')
  expect(count('GET', '/tasks/:id', 200)).toBe('1')
  expect(count('GET', '/tasks/:id', 404)).toBe('1')
  expect(answer.body).not.toContain(id)
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'nodejs_eventloop_lag_seconds',
  ])
    expect(answer.body).toContain(`\n${name} `)
  for (const line of answer.body.split('\n').filter((one) => one !== ''))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [-+.\deNaInf]+)$/)
})

test('two services in one process count for themselves', async () => {
  const [one, other] = [await startApp(), await startApp()]
  await create(one)
  expect((await send(other, 'GET', '/metrics')).body).not.toContain('route="/tasks"')
})
