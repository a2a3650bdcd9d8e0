import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import type { DatabaseTarget } from '#src/config.ts'
import type { FieldTable } from '#src/core/field-table.ts'
import type { Repository } from '#src/core/repository.ts'
import { createGithubFeature } from '#src/github/routes.ts'
import { type AppDeps, buildApp, type Feature } from '#src/http/app.ts'
import { LOOPBACK_ONLY, type NetworkSettings } from '#src/http/network-settings.ts'
import type { App } from '#src/http/typed-app.ts'
import { openRepository } from '#src/repository/open-repository.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { createDatabaseUrl } from './mongodb.ts'

/** A folder of the test's own, gone when it ends. */
export const createFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'task-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface AppOptions {
  /** A database of the test's own unless given: an SQLite file, or MongoDB where the suite runs on it. */
  readonly database?: 'own' | 'memory' | 'none'
  readonly now?: () => number
  readonly isDraining?: AppDeps['isDraining']
  /** How the service is reached, where it differs from the default: on the loopback alone. */
  readonly network?: Partial<NetworkSettings>
  readonly slowest?: NonNullable<AppDeps['timeouts']>
  /** Tasks with other fields, and a repository of them. */
  readonly fields?: { readonly table: FieldTable; readonly repository: Repository }
  /** What is served besides tasks. */
  readonly features?: (repository: Repository, newId: (key?: string) => string) => Feature[]
}

/** The whole service without a socket, to be tried by inject(); it closes with the test. */
export const startApp = async (options: AppOptions = {}): Promise<App> => {
  const { database = 'own', now = Date.now, isDraining = () => false, slowest } = options
  const network = { ...LOOPBACK_ONLY, ...options.network }
  const { table, repository } = options.fields ?? {
    table: TASK,
    repository: await openRepository(await toTarget(database), TASK),
  }
  const newId = createUuids(await repository.tasks.maxId())
  const service = createTaskService({ table, repository, newId })
  const logger = pino({ level: 'silent' })
  const eventLag = repository.events.lagMs
  const features = [
    createGithubFeature(undefined),
    ...(options.features?.(repository, newId) ?? []),
  ]
  const version = '0.0.0-test'
  const deps = { service, table, logger, version, eventLag, features, now, network, isDraining }
  const app = await buildApp({ ...deps, ...(slowest && { timeouts: slowest }) })
  onTestFinished(async () => {
    await app.close()
    await repository.close()
  })
  return app
}

const toTarget = async (database: NonNullable<AppOptions['database']>): Promise<DatabaseTarget> => {
  if (database === 'none') return { kind: 'none' }
  if (database === 'memory') return { kind: 'sqlite', path: ':memory:' }
  if (process.env.TEST_DATABASE === 'mongodb')
    return { kind: 'mongodb', url: await createDatabaseUrl() }
  return { kind: 'sqlite', path: join(createFolder(), 'tasks.db') }
}

/** The same on a real port of the loopback, for what inject() does not show. Resolves with its URL. */
export const startServer = async (options: AppOptions = {}): Promise<string> => {
  const app = await startApp(options)
  return app.listen({ host: '127.0.0.1', port: 0 })
}
