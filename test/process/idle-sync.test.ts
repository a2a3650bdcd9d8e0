import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startLocalGithub } from '../github/start-local-github.ts'
import { createCalls } from '../github/sync-calls.ts'
import { syncEnv } from '../github/sync-env.ts'
import { eventually, waitForStatus } from '../github/synced-service.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { canTrace } from './small-disk.ts'

test('a service that is in sync with GitHub and has nothing to do leaves its disk alone', async () => {
  if (!canTrace()) return
  const folder = createFolder()
  const trace = join(folder, 'trace')
  const launcher = [
    'strace',
    '-D',
    '-f',
    '--seccomp-bpf',
    '-o',
    trace,
    '-e',
    'trace=fsync,fdatasync',
  ]
  const waits = () => readFileSync(trace, 'utf8').match(/\bf(?:data)?sync\(/g)?.length ?? 0
  const github = await startLocalGithub()
  const env = syncEnv(github, `sqlite:${join(folder, 'tasks.db')}`, {
    GITHUB_LEASE_MS: '300',
    GITHUB_SWEEP_INTERVAL_MS: '600000',
  })
  const service = await startProcess(env, folder, launcher)
  await waitForStatus(createCalls(service.url), { last_sweep_at: expect.any(String) })
  let before = -1
  await eventually(async () => {
    const last = before
    before = waits()
    await sleep(250)
    expect(waits()).toBe(last)
  })
  await sleep(1000)
  expect(waits()).toBe(before)
})
