import { expect, test } from 'vitest'
import { startGithubApp } from './github-app.ts'

test('/metrics tells of the sync, with one look at the database', async () => {
  const { addLinked, sync, counted, read } = await startGithubApp()
  await Promise.all([addLinked(), addLinked(), addLinked({ status: 'failed' })])
  await sync.writeState('github-last-sweep', 1_700_000_000_000)
  await sync.writeState('github-block', { code: 'forbidden', detail: '', action: '' })
  const metrics = await read('/metrics')
  expect(metrics).toContain('github_sync_jobs{state="pending"} 2\n')
  expect(metrics).toContain('github_sync_jobs{state="failed"} 1\n')
  expect(metrics).toContain('github_sync_jobs{state="linked"} 0\n')
  expect(metrics).toContain('github_sync_last_sweep_timestamp_seconds 1700000000\n')
  expect(metrics).toContain('github_sync_blocked 1\n')
  expect(counted).toHaveLength(1)
  await addLinked()
  expect(await read('/metrics')).toContain('github_sync_jobs{state="pending"} 3\n')
  expect(counted).toHaveLength(2)
})

test('/metrics is answered without a database, and then claims nothing of the sync', async () => {
  const { addLinked, read, goDown } = await startGithubApp()
  await addLinked()
  expect(await read('/metrics')).toContain('github_sync_jobs{state="pending"} 1\n')
  goDown()
  const metrics = await read('/metrics')
  expect(metrics).toContain('http_request_duration_seconds')
  expect(metrics).not.toContain('github_sync_jobs{')
  expect(metrics).toContain('github_sync_blocked Nan\n')
  expect(metrics).toContain('github_sync_requests_remaining Nan\n')
  expect(metrics).toContain('github_sync_last_sweep_timestamp_seconds Nan\n')
})

test('tasks that take long to count are not counted anew at each look at the metrics', async () => {
  const { addLinked, counted, read, slowDown } = await startGithubApp()
  await addLinked()
  slowDown(300)
  for (let look = 0; look < 3; look++)
    expect(await read('/metrics')).toContain('github_sync_jobs{state="pending"} 1\n')
  expect(counted).toHaveLength(1)
  await read('/github/status')
  expect(counted).toHaveLength(2)
})
