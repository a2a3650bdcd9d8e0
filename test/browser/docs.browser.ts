import { expect, test } from 'vitest'
import { sendJson } from '../send-json.ts'
import { startServer } from '../start-app.ts'
import { openBrowser } from './browser-page.ts'

test('Swagger UI creates a task by "Try it out" and shows it', async () => {
  const url = await startServer()
  const browser = await openBrowser()
  const page = await browser.newPage()
  const failures: string[] = []
  page.on('pageerror', (error) => failures.push(error.message))
  page.on('requestfailed', (request) => failures.push(request.url()))

  await page.goto(`${url}/docs`)
  const operation = page.locator('#operations-tasks-createTask')
  await operation.locator('.opblock-summary').click()
  await operation.locator('textarea.body-param__text').fill('{"title": "Made in the browser"}')
  await operation.getByRole('button', { name: 'Execute' }).click()

  const answer = operation.locator('.live-responses-table')
  await expect
    .poll(() => answer.textContent(), { timeout: 10_000 })
    .toContain('Made in the browser')
  expect(await answer.textContent()).toContain('201')
  const tasks: unknown = await (await fetch(`${url}/tasks`)).json()
  expect(tasks).toMatchObject([{ title: 'Made in the browser', version: 1 }])
  expect(failures).toEqual([])
  if (process.env.SCREENSHOT !== undefined)
    await page.screenshot({ path: process.env.SCREENSHOT, fullPage: false })
})

test('Swagger UI shows no body editor where no body is needed, and an example of each error', async () => {
  const url = await startServer()
  const { id } = (await (await sendJson(`${url}/tasks`, 'POST', { title: 'a' })).json()) as {
    id: string
  }
  const browser = await openBrowser()
  const page = await browser.newPage()
  await page.goto(`${url}/docs/`)
  const operation = page.locator('#operations-tasks-completeTask')
  await operation.locator('.opblock-summary').click()
  await operation.locator('tr[data-param-name="id"] input').fill(id)
  expect(await operation.locator('.body-param').count()).toBe(0)
  await operation.getByRole('button', { name: 'Execute' }).click()

  const answer = operation.locator('.live-responses-table')
  await expect
    .poll(() => answer.textContent(), { timeout: 10_000 })
    .toContain('"status": "completed"')
  expect(await operation.locator('.responses-table').last().textContent()).toContain(
    'No task has this id',
  )
})
