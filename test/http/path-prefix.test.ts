import { describe, expect, test } from 'vitest'
import { type AppOptions, startApp } from '../start-app.ts'
import { create, createAll, send } from './requests.ts'

type Network = NonNullable<AppOptions['network']>
type Headers = Readonly<Record<string, string>>

/** Where the answers lead to, as a client sees it that asked below `/api/v1`, which a proxy strips. */
const readTargets = async (network: Network, headers: Headers) => {
  const app = await startApp({ database: 'memory', network })
  await createAll(app, [{ title: 'a' }, { title: 'b' }])
  const { headers: page } = await send(
    app,
    'GET',
    '/tasks?limit=1&status=pending',
    undefined,
    headers,
  )
  const created = await send(app, 'POST', '/tasks', { title: 'c' }, headers)
  const root = await send(app, 'GET', '/', undefined, headers)
  const index = await send(app, 'GET', '/docs/static/index.html', undefined, headers)
  return {
    location: String(created.headers.location).replace(/[^/]+$/, 'ID'),
    link: /^<(.*)[?]status=pending&limit=1&cursor=\w+>; rel="next"$/.exec(
      String(page.link).replace('limit=1&status=pending', 'status=pending&limit=1'),
    )?.[1],
    root: String(root.headers.location),
    index: String(index.headers.location),
  }
}

const AT_ROOT = { location: '/tasks/ID', link: '/tasks', root: './docs', index: '../../docs/' }
const BELOW = (prefix: string) => ({
  location: `${prefix}/tasks/ID`,
  link: `${prefix}/tasks`,
  root: `${prefix}/docs`,
  index: `${prefix}/docs/`,
})

const PROXY: Network = { trustedProxies: ['127.0.0.0/8'] }
const FAR_PROXY: Network = { trustedProxies: ['10.0.0.0/8', '::1', 'fd00::/8'] }
const PUBLIC: Network = { publicUrl: new URL('https://tasks.example.com/api/v1/') }

describe('links and redirects', () => {
  test.each<[string, Network, Headers, ReturnType<typeof BELOW>]>([
    ['without a prefix', {}, {}, AT_ROOT],
    ['with PUBLIC_URL', PUBLIC, {}, BELOW('/api/v1')],
    [
      'with a PUBLIC_URL without a path',
      { publicUrl: new URL('https://tasks.example.com') },
      {},
      AT_ROOT,
    ],
    [
      'with X-Forwarded-Prefix of a trusted proxy',
      PROXY,
      { 'x-forwarded-prefix': '/api/v1' },
      BELOW('/api/v1'),
    ],
    ['with a slash at its end', PROXY, { 'x-forwarded-prefix': '/api/v1/' }, BELOW('/api/v1')],
    ['with / as the prefix', PROXY, { 'x-forwarded-prefix': '/' }, AT_ROOT],
    ['with both', { ...PUBLIC, ...PROXY }, { 'x-forwarded-prefix': '/other' }, BELOW('/other')],
    ['with X-Forwarded-Prefix of anyone', {}, { 'x-forwarded-prefix': '/evil' }, AT_ROOT],
    ['with X-Forwarded-Prefix of another', FAR_PROXY, { 'x-forwarded-prefix': '/evil' }, AT_ROOT],
    [
      'with a prefix that is another site',
      PROXY,
      { 'x-forwarded-prefix': '//evil.example' },
      AT_ROOT,
    ],
    [
      'with a prefix that is a URL',
      PROXY,
      { 'x-forwarded-prefix': 'https://evil.example' },
      AT_ROOT,
    ],
    [
      'with a prefix that would end the link',
      PROXY,
      { 'x-forwarded-prefix': '/a>; rel="x"' },
      AT_ROOT,
    ],
    ['with a prefix without a slash', PROXY, { 'x-forwarded-prefix': 'api' }, AT_ROOT],
  ])('%s', async (_, network, headers, expected) =>
    expect(await readTargets(network, headers)).toEqual(expected),
  )

  test('lead to the same place with a trailing slash', async () => {
    const app = await startApp({ database: 'memory' })
    const { headers } = await send(app, 'POST', '/tasks/', { title: 'a' })
    const { location } = headers
    expect(location).toMatch(/^\/tasks\/[\w-]+$/)
    expect((await send(app, 'GET', `${location}/`)).statusCode).toBe(200)
  })
})

test.each(['/docs', '/docs/'])('%s names its own files relative to itself', async (url) => {
  const app = await startApp({ database: 'memory' })
  const { body } = await send(app, 'GET', url)
  const names = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => String(name))
  expect(names.length).toBeGreaterThan(4)
  for (const name of names) {
    const { pathname } = new URL(name, `http://proxy.example/api/v1${url}`)
    expect(pathname).toMatch(/^\/api\/v1\/docs\/static\//)
    expect((await send(app, 'GET', pathname.replace('/api/v1', ''))).statusCode).toBe(200)
  }
})

test('the address of the client is the one that a trusted proxy tells, and no other', async () => {
  const headers = { 'x-forwarded-for': '203.0.113.7, 127.0.0.5' }
  for (const [network, expected] of [
    [PROXY, '203.0.113.7'],
    [FAR_PROXY, '127.0.0.1'],
    [{}, '127.0.0.1'],
  ] as const) {
    const app = await startApp({ database: 'memory', network })
    app.get('/whoami', { schema: { hide: true } }, (request) => ({ ip: request.ip }))
    expect((await send(app, 'GET', '/whoami', undefined, headers)).json()).toEqual({ ip: expected })
  }
})

test('every id and every list has one answer, with and without a trailing slash', async () => {
  const app = await startApp({ database: 'memory' })
  const { id } = await create(app)
  for (const url of ['/tasks', `/tasks/${id}`, `/tasks/${id}/events`, '/livez', '/openapi.json']) {
    const [plain, slash] = [await send(app, 'GET', url), await send(app, 'GET', `${url}/`)]
    expect([slash.statusCode, slash.body]).toEqual([200, plain.body])
  }
  expect((await send(app, 'POST', `/tasks/${id}/complete/`)).statusCode).toBe(200)
  expect((await send(app, 'GET', '/tasks/batch/')).statusCode).toBe(405)
})
