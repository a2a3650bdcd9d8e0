import { expect, test } from 'vitest'
import { type AppOptions, startServer } from '../start-app.ts'
import { openBrowser } from './browser-page.ts'
import { findPort, startNginx } from './nginx.ts'

type Network = NonNullable<AppOptions['network']>

/** The service behind an nginx that strips /api/v1 and compresses. */
const startBehindNginx = async (network: Network, header = ''): Promise<string> => {
  const service = await startServer({ network })
  return proxy(await findPort(), service, header)
}

const proxy = async (port: number, service: string, header = ''): Promise<string> => {
  const nginx = await startNginx(
    port,
    `gzip on; gzip_types application/json; gzip_min_length 1; gzip_proxied any;
     location /api/v1/ { proxy_pass ${service}/; proxy_set_header Host $http_host; ${header} }`,
  )
  return `${nginx}/api/v1`
}

const HEADER = 'proxy_set_header X-Forwarded-Prefix /api/v1;'
const TRUSTED: Network = { trustedProxies: ['127.0.0.1'] }

test.each([
  ['X-Forwarded-Prefix', () => startBehindNginx(TRUSTED, HEADER)],
  [
    'PUBLIC_URL',
    async () => {
      const port = await findPort()
      const service = await startServer({
        network: { publicUrl: new URL(`http://127.0.0.1:${port}/api/v1`) },
      })
      return proxy(port, service)
    },
  ],
] as const)('behind nginx with a path prefix, links stay below it by %s', async (_, start) => {
  const url = await start()
  const headers = { 'content-type': 'application/json' }
  const ids: string[] = []
  for (const title of ['a', 'b', 'c']) {
    const answer = await fetch(`${url}/tasks`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ title }),
    })
    const created = new URL(answer.headers.get('location') ?? '', answer.url)
    const task = (await (await fetch(created)).json()) as { id: string; title: string }
    expect([answer.status, task.title]).toEqual([201, title])
    ids.push(task.id)
  }
  const titles: string[] = []
  let next: URL | undefined = new URL(`${url}/tasks?limit=1`)
  while (next !== undefined) {
    const page: Response = await fetch(next)
    titles.push(...((await page.json()) as { title: string }[]).map(({ title }) => title))
    const target: string | undefined = /^<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1]
    next = target === undefined ? undefined : new URL(target, page.url)
  }
  expect(titles).toEqual(['a', 'b', 'c'])
  expect((await fetch(`${url}/`)).url).toBe(`${url}/docs`)

  const read = await fetch(`${url}/tasks/${ids[0]}`, { headers: { 'accept-encoding': 'gzip' } })
  const etag = read.headers.get('etag') ?? ''
  expect(etag).toMatch(/^(W\/)?"1"$/)
})

test('Swagger UI works behind a path prefix, without any setting', async () => {
  const url = await startBehindNginx({})
  const browser = await openBrowser()
  const page = await browser.newPage()
  const failures: string[] = []
  page.on('pageerror', (error) => failures.push(error.message))
  page.on('response', (response) => {
    if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(`${url}/`)
  const operation = page.locator('#operations-tasks-createTask')
  await operation.locator('.opblock-summary').click()
  await operation.locator('textarea.body-param__text').fill('{"title": "Made behind a prefix"}')
  await operation.getByRole('button', { name: 'Execute' }).click()
  const answer = operation.locator('.live-responses-table')
  await expect
    .poll(() => answer.textContent(), { timeout: 10_000 })
    .toContain('Made behind a prefix')
  expect(failures).toEqual([])
})
