import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { startServer } from '../start-app.ts'
import { openBrowser } from './browser-page.ts'

/** An empty page on a port of its own, as another site. */
const startSite = async (): Promise<number> => {
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<title>site</title>'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** What a page gets of a request: the status, or that the browser keeps the answer from it. */
const ask = (
  page: Page,
  url: string,
  method: string,
  headers: Record<string, string> = {},
): Promise<string> =>
  page.evaluate(
    async ([target, verb, fields]) => {
      try {
        const body = verb === 'POST' ? '{"title":"from a page"}' : null
        const answer = await fetch(target, { method: verb, headers: fields, body })
        return `${answer.status} ${answer.headers.get('etag')}`
      } catch {
        return 'kept'
      }
    },
    [url, method, headers] as const,
  )

const JSON_TYPE = { 'content-type': 'application/json' }

const createTask = async (url: string): Promise<string> => {
  const answer = await fetch(`${url}/tasks`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: '{"title":"mine"}',
  })
  return ((await answer.json()) as { id: string }).id
}

test('a page that rebinds its own name to the service reads and writes nothing', async () => {
  const url = await startServer()
  const id = await createTask(url)
  const { port } = new URL(url)
  const browser = await openBrowser('--host-resolver-rules=MAP rebound.example 127.0.0.1')
  const page = await browser.newPage()
  const answer = await page.goto(`http://rebound.example:${port}/tasks`)
  expect(answer?.status()).toBe(421)
  expect(await page.content()).not.toContain('mine')
  expect(await ask(page, `/tasks/${id}`, 'GET')).toBe('421 null')
  expect(await ask(page, `/tasks/${id}`, 'DELETE')).toBe('421 null')
  expect(await ask(page, '/tasks', 'POST', JSON_TYPE)).toBe('421 null')
  expect(await (await fetch(`${url}/tasks`)).json()).toHaveLength(1)
})

test('a page of another origin writes nothing, unless its origin is named', async () => {
  const site = await startSite()
  const origin = `http://localhost:${site}`
  const closed = await startServer()
  const open = await startServer({ network: { corsOrigins: [origin] } })
  const browser = await openBrowser()
  const page = await browser.newPage()
  await page.goto(origin)

  const id = await createTask(closed)
  for (const [method, path, headers] of [
    ['GET', '/tasks', {}],
    ['POST', '/tasks', {}],
    ['POST', '/tasks', JSON_TYPE],
    ['POST', `/tasks/${id}/complete`, {}],
    ['DELETE', `/tasks/${id}`, {}],
  ] as const)
    expect(await ask(page, closed + path, method, headers)).toBe('kept')
  expect(await (await fetch(`${closed}/tasks`)).json()).toMatchObject([
    { status: 'pending', version: 1 },
  ])

  const own = await createTask(open)
  expect(await ask(page, `${open}/tasks/${own}`, 'GET')).toBe('200 "1"')
  expect(await ask(page, `${open}/tasks`, 'POST', { ...JSON_TYPE, 'idempotency-key': 'k' })).toBe(
    '201 "1"',
  )
  expect(await ask(page, `${open}/tasks/${own}`, 'DELETE', { 'if-match': '"1"' })).toBe('204 null')
})
