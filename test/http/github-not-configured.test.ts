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
  ['GET', `/tasks/${ID}/sync`],
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
      expectProblem(await send(app, 'DELETE', `/tasks/${ID}/sync`), 405, 'method_not_allowed')
    })
  },
)

test('without GitHub an existing task cannot be synced', async () => {
  const app = await startApp()
  const { id } = await create(app)
  expectProblem(await send(app, 'POST', `/tasks/${id}/sync`), 404, 'github_not_configured')
})

test('without GitHub a client sets the id and the URL that a task has elsewhere', async () => {
  const app = await startApp()
  const theirs = { external_reference_id: 'theirs', external_url: 'https://example.com/theirs' }
  const task = await create(app, { title: 'a', ...theirs })
  expect(task).toMatchObject(theirs)
  const others = { external_reference_id: 'another', external_url: 'http://example.com/another' }
  const changed = await send(app, 'PUT', `/tasks/${task.id}`, { ...task, ...others })
  expect(changed.json()).toMatchObject({ ...others, version: 2 })
  const cleared = await send(app, 'PATCH', `/tasks/${task.id}`, { external_url: null })
  expect(cleared.json()).toMatchObject({ external_url: null, version: 3 })
  expect((await send(app, 'GET', '/metrics')).body).not.toContain('github_sync')
})

test.for([
  'ftp://example.com',
  'javascript:alert(1)',
  'example.com/1',
  ' https://example.com',
  'https://',
  `https://example.com/${'x'.repeat(2000)}`,
  '',
  1,
])('the URL %s is refused by name', async (external_url) => {
  const app = await startApp()
  const { errors } = expectProblem(
    await send(app, 'POST', '/tasks', { title: 'a', external_url }),
    422,
    'invalid_input',
  )
  expect(errors).toEqual([
    {
      pointer: '#/external_url',
      detail: 'must be an http or https URL (RFC 3986) of at most 2000 characters or null',
    },
  ])
})
