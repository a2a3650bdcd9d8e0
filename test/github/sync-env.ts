import type { LocalGithub } from './local-github/local-github.ts'

/** Intervals short enough for a test, limits out of its way. */
const QUICK = {
  GITHUB_WRITE_INTERVAL_MS: '5',
  GITHUB_REQUEST_TIMEOUT_MS: '5000',
  GITHUB_LOOKUP_DELAYS_MS: '50,150,400',
  GITHUB_SWEEP_INTERVAL_MS: '100',
  GITHUB_RETRY_BASE_MS: '20',
  GITHUB_CREATES_PER_MINUTE: '10000',
  GITHUB_CREATES_PER_HOUR: '10000',
  GITHUB_CREATE_WAIT_MS: '0',
}

export type Env = Readonly<Record<string, string>>

/**
 * For a test that kills the service: the next one does not wait long for the lease. Who holds so short a one may lose it on a busy
 * machine, and then begins anew with a sweep.
 */
export const SHORT_LEASE: Env = { GITHUB_LEASE_MS: '1000' }

/** A service with a token of the local GitHub; `env` overrides, and an empty value unsets. */
export const syncEnv = (github: LocalGithub, databaseUrl: string, env: Env = {}): Env => ({
  DATABASE_URL: databaseUrl,
  LOG_LEVEL: 'debug',
  SHUTDOWN_DRAIN_MS: '0',
  ...QUICK,
  GITHUB_API_URL: github.url,
  GITHUB_TOKEN: github.token,
  GITHUB_REPOSITORY: github.fullName(),
  ...env,
})
