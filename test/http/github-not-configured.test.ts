import { expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { create, expectProblem, send } from './requests.ts'

const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

test('every route of the GitHub sync is 503 without GitHub', async () => {
  const app = await startApp()
  const requests = [
    ['GET', '/github/status', undefined],
    ['GET', '/github/jobs?state=blocked', undefined],
    ['POST', '/github/jobs/retry', undefined],
    ['POST', '/github/jobs/retry', { reason: 'invalid' }],
    ['POST', '/github/link', undefined],
    ['POST', '/github/link', { dry_run: true }],
    ['POST', `/tasks/${ID}/sync`, undefined],
    ['POST', '/github/webhook', { action: 'opened' }],
  ] as const
  for (const [method, url, body] of requests) {
    const problem = expectProblem(await send(app, method, url, body), 503, 'github_not_configured')
    expect([url, problem.detail]).toEqual([url, 'GitHub not configured'])
  }
})

test('without GitHub a task has no sync, an id of another system is taken, and no metric tells of issues', async () => {
  const app = await startApp()
  const task = await create(app, { title: 'a', external_reference_id: 'theirs' })
  expect(task).toMatchObject({ sync: null, external_reference_id: 'theirs' })
  const changed = await send(app, 'PUT', `/tasks/${task.id}`, { ...task, external_reference_id: 'another' })
  expect(changed.json()).toMatchObject({ sync: null, external_reference_id: 'another', version: 2 })
  expect((await send(app, 'GET', '/metrics')).body).not.toContain('github_sync')
})
