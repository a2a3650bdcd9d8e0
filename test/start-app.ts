import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { createTaskService, type TaskServiceDeps } from '#src/core/task-service.ts'
import { type AppDeps, buildApp } from '#src/http/app.ts'
import type { App } from '#src/http/typed-app.ts'
import { openRepository } from '#src/repository/open-repository.ts'
import { createTaskIds } from '#src/task-ids.ts'

/** A folder of the test's own, gone when it ends. */
export const createFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'task-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface AppOptions {
  /** `file` unless given: an SQLite file of the test's own. */
  readonly database?: 'file' | 'memory' | 'none'
  readonly now?: TaskServiceDeps['now']
  readonly isDraining?: AppDeps['isDraining']
  readonly slowest?: NonNullable<AppDeps['slowest']>
}

/** The whole service without a socket, to be tried by inject(); it closes with the test. */
export const startApp = async (options: AppOptions = {}): Promise<App> => {
  const { database = 'file', now = Date.now, isDraining = () => false, slowest } = options
  const path = database === 'memory' ? ':memory:' : join(createFolder(), 'tasks.db')
  const repository = await openRepository(database === 'none' ? { kind: 'none' } : { kind: 'sqlite', path })
  const service = createTaskService({ repository, now, newId: createTaskIds(await repository.newestId()) })
  const logger = pino({ level: 'silent' })
  const app = await buildApp({ service, logger, version: '0.0.0-test', isDraining, ...(slowest && { slowest }) })
  onTestFinished(async () => {
    await app.close()
    await repository.close()
  })
  return app
}

/** The same on a real port of the loopback, for what inject() does not show. Resolves with its URL. */
export const startServer = async (options: AppOptions = {}): Promise<string> => {
  const app = await startApp(options)
  return app.listen({ host: '127.0.0.1', port: 0 })
}
