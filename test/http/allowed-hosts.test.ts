import { describe, expect, test } from 'vitest'
import { type AppOptions, startApp, startServer } from '../start-app.ts'
import { exchange } from './raw-socket.ts'
import { create, expectProblem, list, send } from './requests.ts'

const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

type Network = NonNullable<AppOptions['network']>

/** The status of a read that is addressed to this host. */
const statusFor = async (host: string, network: Network = {}): Promise<number> => {
  const app = await startApp({ database: 'memory', network })
  const answer = await app.inject({ method: 'GET', url: '/tasks', headers: { host } })
  if (answer.statusCode !== 200) expectProblem(answer, 421, 'host_not_allowed')
  return answer.statusCode
}

const PUBLIC_URL = new URL('https://tasks.example.com:8443/api/v1')

describe('on a loopback address', () => {
  test.each([
    'localhost',
    'LocalHost:8000',
    'localhost.',
    'api.localhost:8000',
    '127.0.0.1',
    '127.0.0.1:8000',
    '127.9.9.9:1',
    '[::1]',
    '[::1]:8000',
    '[::ffff:127.0.0.1]:8000',
  ])('a request to %s is answered', async (host) => expect(await statusFor(host)).toBe(200))

  test.each([
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'intranet',
    '10.0.0.1',
    '0.0.0.0:8000',
    '127.1',
    '2130706433',
    '[::2]:8000',
    'user@localhost',
    'localhost/x',
    'localhost:port',
    'localhost, evil.example',
    '[::1',
  ])('a request to %j is 421', async (host) => expect(await statusFor(host)).toBe(421))

  test('a refusal names the setting, and nothing is done', async () => {
    const app = await startApp({ database: 'memory' })
    const task = await create(app)
    const headers = { host: 'rebound.example' }
    for (const [method, url] of [
      ['POST', '/tasks'],
      ['GET', `/tasks/${task.id}`],
      ['PATCH', `/tasks/${task.id}`],
      ['DELETE', `/tasks/${task.id}`],
      ['POST', '/tasks/batch'],
      ['GET', '/metrics'],
      ['GET', '/docs'],
      ['GET', '/docs/static/swagger-ui.css'],
      ['GET', '/nowhere'],
      ['OPTIONS', '/tasks'],
    ] as const) {
      const { detail } = expectProblem(
        await send(app, method, url, { title: 'x' }, headers),
        421,
        'host_not_allowed',
      )
      expect(detail).toContain('ALLOWED_HOSTS')
    }
    expect(await list(app)).toEqual([task])
  })

  test('probes and signed deliveries are exempt', async () => {
    const app = await startApp({ database: 'memory' })
    const headers = { host: 'pod-1.cluster.example' }
    expect((await send(app, 'GET', '/livez', undefined, headers)).statusCode).toBe(200)
    expect((await send(app, 'GET', '/readyz', undefined, headers)).statusCode).toBe(200)
    expect((await send(app, 'POST', '/github/webhook', {}, headers)).statusCode).not.toBe(421)
  })
})

describe('settings add names', () => {
  test.each<[string, Network]>([
    ['tasks.example.com', { allowedHosts: ['tasks.example.com'] }],
    ['TASKS.example.com.:443', { allowedHosts: ['tasks.example.com'] }],
    ['10.0.0.1:8000', { allowedHosts: ['10.0.0.1'] }],
    ['[fd00::1]:8000', { allowedHosts: ['fd00::1'] }],
    ['tasks.example.com:8443', { publicUrl: PUBLIC_URL }],
    ['tasks.example.com', { publicUrl: PUBLIC_URL }],
    ['[::5]', { publicUrl: new URL('http://[::5]:8000') }],
    ['127.0.0.2:8000', { host: '127.0.0.2' }],
  ])('%s', async (host, network) => expect(await statusFor(host, network)).toBe(200))

  test.each<[string, Network]>([
    ['other.example.com', { allowedHosts: ['tasks.example.com'] }],
    ['example.com', { allowedHosts: ['tasks.example.com'] }],
    ['evil.example', { publicUrl: PUBLIC_URL }],
  ])('and no others: %s', async (host, network) => expect(await statusFor(host, network)).toBe(421))
})

describe('on another address', () => {
  test.each([
    '192.168.1.5:8000',
    '[fe80::1]',
    'task-manager-service',
    'nas:8000',
    'localhost',
    'tasks.lan',
  ])('%s is answered', async (host) => {
    expect(await statusFor(host, { host: '0.0.0.0', allowedHosts: ['tasks.lan'] })).toBe(200)
    expect(await statusFor(host, { host: '::', allowedHosts: ['tasks.lan'] })).toBe(200)
  })

  test.each(['evil.example', 'evil.example:8000', '1.2.3', 'a.b'])('%j is 421', async (host) =>
    expect(await statusFor(host, { host: '0.0.0.0' })).toBe(421),
  )

  test('its own name passes', async () =>
    expect(await statusFor('box.example', { host: 'Box.example' })).toBe(200))
})

test('an empty Host header is 421', async () => {
  const url = await startServer()
  const answer = await exchange(url, 'GET /tasks HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')
  expectProblem(answer, 421, 'host_not_allowed')
})

test.each(['Host: localhost', 'host: localhost', 'HOST: evil.example', 'Host:'])(
  'a second Host header (%s) is 400',
  async (second) => {
    const url = await startServer()
    const request = `GET /tasks/${ID} HTTP/1.1\r\nHost: localhost\r\nX-Other: 1\r\n${second}\r\nConnection: close\r\n\r\n`
    expectProblem(await exchange(url, request), 400, 'malformed_request')
  },
)
