import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { createGithubClock } from '#src/github/api/github-clock.ts'
import { createLinkStore, type LinkStore } from '#src/github/link-store.ts'
import { createOperations } from '#src/github/operations.ts'
import { createGithubFeature } from '#src/github/routes.ts'
import { buildApp } from '#src/http/app.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createTracking } from '#src/task/tracking.ts'
import { createUuids } from '#src/uuid-v7.ts'
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
  const newId = createUuids(undefined)
  const store = toLinkedStore(createStore(repository, newId))
  const counted: Promise<object>[] = []
  const limits: number[] = []
  let isDown = false
  let slowness = 0
  const tracking = createTracking(repository, newId)
  const clock = createGithubClock(Date.now)
  const links = createLinkStore(repository.companions, tracking, clock)
  const watched: LinkStore = {
    ...links,
    countLinks() {
      const count = isDown
        ? Promise.reject(new Error('down'))
        : sleep(slowness).then(() => links.countLinks())
      counted.push(count)
      return count
    },
    links(status, after, limit) {
      limits.push(limit)
      return links.links(status, after, limit)
    },
  }
  const operations = createOperations(
    repository,
    watched,
    { kind: 'token', token: 'x' },
    SETTINGS,
    () => {},
    Date.now,
    clock,
  )
  const github = { operations, webhook: { receive: async () => 'unsigned' as const } }
  const service = createTaskService({ table: TASK, repository, newId })
  const logger = pino({ level: 'silent' })
  const app = await buildApp({
    service,
    table: TASK,
    logger,
    version: '0',
    eventLag: () => 0,
    features: [createGithubFeature(github)],
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
