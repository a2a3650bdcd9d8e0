import { describe, expect, test } from 'vitest'
import { type AppOptions, startApp } from '../start-app.ts'
import { create, expectProblem, send } from './requests.ts'

const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'
const TEXT = { 'content-type': 'text/plain' }

/** Requests of every route: right ones, and ones that would be refused if GitHub were configured. */
const REQUESTS = [
  ['GET', '/github/status'],
  ['GET', '/github/status?unknown=1'],
  ['HEAD', '/github/status'],
  ['GET', '/github/jobs?state=blocked'],
  ['GET', '/github/jobs'],
  ['GET', '/github/jobs?state=bad&limit=0'],
  ['POST', '/github/jobs/retry'],
  ['POST', '/github/jobs/retry', { reason: 'invalid' }],
  ['POST', '/github/jobs/retry', { reason: 1 }],
  ['POST', '/github/link'],
  ['POST', '/github/link', { dry_run: true }],
  ['POST', '/github/link', { dry_run: 'yes' }],
  ['POST', '/github/link', {}, TEXT],
  ['POST', '/github/link', ' '.repeat(2 * 1024 * 1024)],
  ['POST', `/tasks/${ID}/sync`],
  ['POST', `/tasks/${ID}/sync`, { unknown: 1 }],
  ['POST', '/tasks/nonsense/sync'],
  ['POST', '/github/webhook', { action: 'opened' }],
  ['POST', '/github/webhook', {}, TEXT],
] as const

describe.each<NonNullable<AppOptions['database']>>(['own', 'none'])(
  'without GitHub, database: %s',
  (database) => {
    test('every route of the GitHub sync is 404, whatever else is wrong with the request', async () => {
      const app = await startApp({ database })
      for (const [method, url, body, headers] of REQUESTS) {
        const answer = await send(app, method, url, body, headers)
        if (method === 'HEAD') expect(answer.statusCode).toBe(404)
        else
          expect([url, expectProblem(answer, 404, 'github_not_configured').detail]).toEqual([
            url,
            'GitHub not configured',
          ])
        expect(answer.headers['retry-after']).toBeUndefined()
      }
    })

    test('what is no route of it is refused as everywhere', async () => {
      const app = await startApp({ database })
      expectProblem(await send(app, 'GET', '/github'), 404, 'route_not_found')
      expectProblem(await send(app, 'GET', '/github/unknown'), 404, 'route_not_found')
      expectProblem(await send(app, 'DELETE', '/github/status'), 405, 'method_not_allowed')
      expectProblem(await send(app, 'GET', `/tasks/${ID}/sync`), 405, 'method_not_allowed')
    })
  },
)

test('without GitHub an existing task cannot be synced', async () => {
  const app = await startApp()
  const { id } = await create(app)
  expectProblem(await send(app, 'POST', `/tasks/${id}/sync`), 404, 'github_not_configured')
})

test('without GitHub a task has no sync, an id of another system is taken, and no metric tells of issues', async () => {
  const app = await startApp()
  const task = await create(app, { title: 'a', external_reference_id: 'theirs' })
  expect(task).toMatchObject({ sync: null, external_reference_id: 'theirs' })
  const changed = await send(app, 'PUT', `/tasks/${task.id}`, {
    ...task,
    external_reference_id: 'another',
  })
  expect(changed.json()).toMatchObject({ sync: null, external_reference_id: 'another', version: 2 })
  expect((await send(app, 'GET', '/metrics')).body).not.toContain('github_sync')
})
