import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createTaskService } from '#src/core/task-service.ts'
import { createOperations } from '#src/github/operations.ts'
import { buildApp } from '#src/http/app.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { createTaskIds } from '#src/task-ids.ts'
import { toLinkedStore } from '../repository/linked-store.ts'
import { createStore } from '../repository/task-store.ts'

const SETTINGS = { repository: 'acme/tasks', writeIntervalMs: 1, createsPerMinute: 1, createsPerHour: 1 }

/** The HTTP side over a store whose links are counted by a way that can be looked at, and closed. */
const start = async () => {
  const repository = openSqliteRepository(':memory:')
  const newId = createTaskIds(undefined)
  const store = toLinkedStore(createStore(repository, newId))
  const counted: Promise<object>[] = []
  let isDown = false
  const countLinks = () => {
    const count = isDown ? Promise.reject(new Error('down')) : repository.sync.countLinks()
    counted.push(count)
    return count
  }
  const sync = { ...repository.sync, countLinks }
  const operations = createOperations(sync, { kind: 'token', token: 'x' }, SETTINGS, () => {}, Date.now)
  const github = { operations, webhook: { receive: async () => 'unsigned' as const } }
  const service = createTaskService({ repository, now: Date.now, newId })
  const logger = pino({ level: 'silent' })
  const app = await buildApp({ service, logger, version: '0', eventLag: () => 0, github, isDraining: () => false })
  onTestFinished(async () => {
    await app.close()
    await repository.close()
  })
  const read = async () => (await app.inject('/metrics')).body
  const goDown = () => {
    isDown = true
  }
  return { ...store, counted, read, goDown }
}

test('/metrics tells of the sync, with one look at the database', async () => {
  const { addLinked, sync, counted, read } = await start()
  await Promise.all([addLinked(), addLinked(), addLinked({ status: 'dead' })])
  await sync.writeState('github-last-sweep', 1_700_000_000_000)
  await sync.writeState('github-block', { code: 'forbidden', detail: '', action: '' })
  const metrics = await read()
  expect(metrics).toContain('github_sync_jobs{state="pending"} 2\n')
  expect(metrics).toContain('github_sync_jobs{state="dead"} 1\n')
  expect(metrics).toContain('github_sync_jobs{state="linked"} 0\n')
  expect(metrics).toContain('github_sync_last_sweep_timestamp_seconds 1700000000\n')
  expect(metrics).toContain('github_sync_blocked 1\n')
  expect(counted).toHaveLength(1)
  await addLinked()
  expect(await read()).toContain('github_sync_jobs{state="pending"} 3\n')
  expect(counted).toHaveLength(2)
})

test('/metrics is answered without a database', async () => {
  const { read, goDown } = await start()
  goDown()
  expect(await read()).toContain('http_request_duration_seconds')
})
