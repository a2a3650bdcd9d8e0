import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import type { SyncRepository } from '#src/core/sync-repository.ts'
import { createTaskService } from '#src/core/task-service.ts'
import { createGithubClock } from '#src/github/api/github-clock.ts'
import { createOperations } from '#src/github/operations.ts'
import { buildApp } from '#src/http/app.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskIds } from '#src/task-ids.ts'
import { toLinkedStore } from '../repository/linked-store.ts'
import { createStore } from '../repository/task-store.ts'

const SETTINGS = {
  repository: 'acme/tasks',
  writeIntervalMs: 1,
  createsPerMinute: 1,
  createsPerHour: 1,
}

/** The HTTP side over a store with links, without a GitHub: what is asked of the store can be looked at, and refused. */
export const startGithubApp = async () => {
  const repository = openSqliteRepository(':memory:', TASK)
  const newId = createTaskIds(undefined)
  const store = toLinkedStore(createStore(repository, newId))
  const counted: Promise<object>[] = []
  const limits: number[] = []
  let isDown = false
  let slowness = 0
  const sync: SyncRepository = {
    ...repository.sync,
    countLinks() {
      const count = isDown
        ? Promise.reject(new Error('down'))
        : sleep(slowness).then(() => repository.sync.countLinks())
      counted.push(count)
      return count
    },
    links(status, after, limit) {
      limits.push(limit)
      return repository.sync.links(status, after, limit)
    },
  }
  const operations = createOperations(
    sync,
    { kind: 'token', token: 'x' },
    SETTINGS,
    () => {},
    Date.now,
    createGithubClock(Date.now),
  )
  const github = { operations, webhook: { receive: async () => 'unsigned' as const } }
  const service = createTaskService({ table: TASK, repository, now: Date.now, newId })
  const logger = pino({ level: 'silent' })
  const app = await buildApp({
    service,
    table: TASK,
    logger,
    version: '0',
    eventLag: () => 0,
    github,
    isDraining: () => false,
  })
  onTestFinished(async () => {
    await app.close()
    await repository.close()
  })
  const read = async (path: string) => (await app.inject(path)).body
  const goDown = () => {
    isDown = true
  }
  const slowDown = (milliseconds: number) => {
    slowness = milliseconds
  }
  return { ...store, app, counted, limits, read, goDown, slowDown }
}
