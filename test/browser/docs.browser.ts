import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { sendJson } from '../send-json.ts'
import { createFolder, startServer } from '../start-app.ts'

const openPage = async () => {
  const browser = await chromium.launchPersistentContext(createFolder(), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  onTestFinished(() => browser.close())
  return browser.newPage()
}

test('Swagger UI creates a task by "Try it out" and shows it', async () => {
  const url = await startServer()
  const page = await openPage()
  const failures: string[] = []
  page.on('pageerror', (error) => failures.push(error.message))
  page.on('requestfailed', (request) => failures.push(request.url()))

  await page.goto(`${url}/docs`)
  const operation = page.locator('#operations-tasks-createTask')
  await operation.locator('.opblock-summary').click()
  await operation.locator('textarea.body-param__text').fill('{"title": "Made in the browser"}')
  await operation.getByRole('button', { name: 'Execute' }).click()

  const answer = operation.locator('.live-responses-table')
  await expect.poll(() => answer.textContent(), { timeout: 10_000 }).toContain('Made in the browser')
  expect(await answer.textContent()).toContain('201')
  const tasks: unknown = await (await fetch(`${url}/tasks`)).json()
  expect(tasks).toMatchObject([{ title: 'Made in the browser', version: 1 }])
  expect(failures).toEqual([])
  if (process.env.SCREENSHOT !== undefined) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: false })
})

test('Swagger UI calls the service behind a path prefix, and shows no body editor where no body is needed', async () => {
  const url = await startServer()
  const { id } = (await (await sendJson(`${url}/tasks`, 'POST', { title: 'Behind a prefix' })).json()) as { id: string }
  const page = await openPage()
  await page.goto(`${await startPrefixProxy(url, '/team')}/docs/`)

  const operation = page.locator('#operations-tasks-completeTask')
  await operation.locator('.opblock-summary').click()
  await operation.locator('tr[data-param-name="id"] input').fill(id)
  expect(await operation.locator('.body-param').count()).toBe(0)
  await operation.getByRole('button', { name: 'Execute' }).click()

  const answer = operation.locator('.live-responses-table')
  await expect.poll(() => answer.textContent(), { timeout: 10_000 }).toContain('"status": "completed"')
  expect(await operation.locator('.request-url').textContent()).toContain(`/team/tasks/${id}/complete`)
  expect(await operation.locator('.responses-table').last().textContent()).toContain('No task has this id')
  if (process.env.SCREENSHOT !== undefined) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true })
})

/** Serves `target` under a path, as a reverse proxy does. */
const startPrefixProxy = async (target: string, prefix: string): Promise<string> => {
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    if (!path.startsWith(`${prefix}/`)) return response.writeHead(404).end()
    const answer = await fetch(target + path.slice(prefix.length), { method: request.method ?? 'GET', redirect: 'manual' })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`
}
