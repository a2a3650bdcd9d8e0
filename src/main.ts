import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import pino from 'pino'
import { announce } from './announce.ts'
import type { Config } from './config.ts'
import { createCompanionRule } from './github/companion-rule.ts'
import type { Github, GithubDeps, GithubSettings } from './github/open-github.ts'
import { createGithubFeature } from './github/routes.ts'
import { buildApp } from './http/app.ts'
import type { App } from './http/typed-app.ts'
import { createLog } from './log.ts'
import { openRepository } from './repository/open-repository.ts'
import { onStopSignal } from './stop-signal.ts'
import { TASK } from './task/task.ts'
import { createTaskService } from './task/task-service.ts'
import { createUuids } from './uuid-v7.ts'

/** How long requests in flight may still take once the port is closed. */
const LAST_REQUESTS_MS = 7000

/** How often connections are closed that fell idle after that. */
const IDLE_SWEEP_MS = 50

/**
 * V8 lets its heap grow up to fourfold before it cleans up. Twofold costs no speed that could be
 * measured, and some 50 MB less.
 */
const HEAP_GROWTH = '--heap-growing-percent=100'

/**
 * Runs the service until it gets a stop signal: config → repository → service → app → listen →
 * close. Throws StartupError or the listen error when it cannot start, with nothing left open and
 * nothing made.
 */
export const serve = async (config: Config, version: string): Promise<void> => {
  setFlagsFromString(HEAP_GROWTH)
  await checkAddress(config.network.host, config.port)
  const { logger, frameworkLogger, writeRequest } = createLog(config.logLevel)
  const repository = await openRepository(config.database, TASK)
  let isDraining = false
  const newId = createUuids(await repository.tasks.maxId())
  const warn = (error: unknown, message: string): void => logger.warn({ err: error }, message)
  const github =
    config.github &&
    (await startGithub(config.github, { repository, version, newId, now: Date.now, warn }))
  const companionRule = github?.companionRule ?? createCompanionRule(Date.now, () => null)
  const service = createTaskService({
    table: TASK,
    repository,
    newId,
    companionRule,
    tracker: github,
  })
  const { network } = config
  const app = await buildApp({
    service,
    table: TASK,
    logger: frameworkLogger,
    writeRequest,
    version,
    eventLag: repository.events.lagMs,
    features: [createGithubFeature(github)],
    network,
    isDraining: () => isDraining,
  })
  onStopSignal(async (signal) => {
    logger.info({ signal }, 'stopping')
    isDraining = true
    await Promise.all([
      setTimeout(config.shutdownDrainMs).then(() => closeApp(app)),
      github?.close(),
    ])
    await repository.close()
    logger.info('stopped')
  })
  try {
    await app.listen({ host: config.network.host, port: config.port })
  } catch (error) {
    await github?.close()
    await repository.close()
    throw error
  }
  announce(logger, app.server.address() as AddressInfo, config, version)
  if (config.incompleteGithub !== undefined) logger.warn(config.incompleteGithub)
  if (config.database.kind === 'mongodb')
    await repository
      .ping()
      .catch((error: unknown) => logger.warn({ err: error }, 'the database does not answer yet'))
}

/** Octokit is loaded only where it is used. */
const startGithub = async (settings: GithubSettings, deps: GithubDeps): Promise<Github> => {
  const { openGithub } = await import('./github/open-github.ts')
  return openGithub(settings, deps)
}

/** Tries the address before a database is made that the service could not be reached with. */
const checkAddress = async (host: string, port: number): Promise<void> => {
  const server = createServer().listen({ host, port, exclusive: true })
  await once(server, 'listening')
  await promisify(server.close.bind(server))()
}

/**
 * Closes the port, lets the requests in flight end, and closes each connection as it falls idle.
 */
const closeApp = async (app: App): Promise<void> => {
  const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS)
  const cut = globalThis.setTimeout(() => app.server.closeAllConnections(), LAST_REQUESTS_MS)
  await app.close()
  clearInterval(sweep)
  clearTimeout(cut)
}

/** The document that a running service shows at /openapi.json. */
export const openApiDocument = async (version: string): Promise<object> => {
  const repository = await openRepository({ kind: 'none' }, TASK)
  const service = createTaskService({
    table: TASK,
    repository,
    newId: createUuids(undefined),
  })
  const app = await buildApp({
    service,
    table: TASK,
    logger: pino({ level: 'silent' }),
    version,
    eventLag: repository.events.lagMs,
    features: [createGithubFeature(undefined)],
    isDraining: () => false,
  })
  await app.ready()
  return app.swagger()
}
