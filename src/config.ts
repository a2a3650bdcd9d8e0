import { type GithubConfig, readGithub } from './config-github.ts'
import { readNetwork } from './config-network.ts'
import { createReader, type Environment, integer } from './config-reader.ts'
import { LOG_LEVELS } from './config-variables.ts'
import type { NetworkSettings } from './http/network-settings.ts'

/** Where the tasks are kept. */
export type DatabaseTarget =
  | { readonly kind: 'none' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'mongodb'; readonly url: string }

export interface Config extends GithubConfig {
  readonly database: DatabaseTarget
  readonly network: NetworkSettings
  readonly port: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /**
   * How long the service still accepts requests after a stop signal, so that load balancers notice.
   */
  readonly shutdownDrainMs: number
}

/** All that is wrong with the environment, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/**
 * Reads the configuration. Throws ConfigError with every problem at once. An empty variable counts
 * as absent.
 */
export const loadConfig = (env: Environment): Config => {
  const problems: string[] = []
  const read = createReader(env, problems)
  const config: Config = {
    database: read('DATABASE_URL', toDatabaseTarget),
    network: readNetwork(read),
    port: read('PORT', integer(0, 65_535)),
    logLevel: read('LOG_LEVEL', (text) => LOG_LEVELS.find((level) => level === text)),
    shutdownDrainMs: read('SHUTDOWN_DRAIN_MS', integer(0, 60_000)),
    ...readGithub(read, problems),
  }
  if (config.github !== undefined && config.database?.kind === 'none')
    problems.push('GITHUB_REPOSITORY: needs a database, and DATABASE_URL is none')
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

const toDatabaseTarget = (text: string): DatabaseTarget | undefined => {
  if (text === 'none') return { kind: 'none' }
  if (/^mongodb(\+srv)?:\/\/[^/?]/.test(text)) return { kind: 'mongodb', url: text }
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1]
  return path === undefined || path.startsWith('//') || path.includes('\0')
    ? undefined
    : { kind: 'sqlite', path }
}
