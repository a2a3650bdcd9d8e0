import { expect, test } from 'vitest'
import { startGithubApp } from './github-app.ts'

test('/metrics tells of the sync, with one look at the database', async () => {
  const { addLinked, sync, counted, read } = await startGithubApp()
  await Promise.all([addLinked(), addLinked(), addLinked({ status: 'dead' })])
  await sync.writeState('github-last-sweep', 1_700_000_000_000)
  await sync.writeState('github-block', { code: 'forbidden', detail: '', action: '' })
  const metrics = await read('/metrics')
  expect(metrics).toContain('github_sync_jobs{state="pending"} 2\n')
  expect(metrics).toContain('github_sync_jobs{state="dead"} 1\n')
  expect(metrics).toContain('github_sync_jobs{state="linked"} 0\n')
  expect(metrics).toContain('github_sync_last_sweep_timestamp_seconds 1700000000\n')
  expect(metrics).toContain('github_sync_blocked 1\n')
  expect(counted).toHaveLength(1)
  await addLinked()
  expect(await read('/metrics')).toContain('github_sync_jobs{state="pending"} 3\n')
  expect(counted).toHaveLength(2)
})

test('/metrics is answered without a database', async () => {
  const { read, goDown } = await startGithubApp()
  goDown()
  expect(await read('/metrics')).toContain('http_request_duration_seconds')
})
