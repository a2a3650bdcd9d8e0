import { createPrivateKey } from 'node:crypto'
import { toApiUrl } from './config-github-url.ts'
import { integer, type Read, unquote } from './config-reader.ts'
import type { Credential } from './github/api/client.ts'
import type { GithubSettings } from './github/open-github.ts'

export interface GithubConfig {
  /** Undefined: tasks have no issues. */
  readonly github: GithubSettings | undefined
  /** Why the sync is off, if some of the variables that it needs are set and others are not. */
  readonly incompleteGithub: string | undefined
}

const APP = ['GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_INSTALLATION_ID'] as const

/**
 * The settings of the sync. A repository without a credential, or the reverse, is not a problem
 * here: GitHub Actions sets GITHUB_REPOSITORY on its machines, and its users set GITHUB_TOKEN, for
 * other purposes.
 */
export const readGithub = (read: Read, problems: string[]): GithubConfig => {
  const access = readAccess(read)
  const apiUrl = read('GITHUB_API_URL', toApiUrl)
  const secrets = readWebhookSecrets(read)
  const webhookSecrets = Object.values(secrets).filter(isSet)
  const settings = { apiUrl, webhookSecrets, ...readSyncSettings(read) }
  const { GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = access
  const hasCredential = isSet(token) || APP.some((name) => isSet(access[name]))
  if (!isSet(repository) || !hasCredential)
    return { github: undefined, incompleteGithub: describeMissing({ ...access, ...secrets }) }
  return {
    github: { ...settings, repository, credential: toCredential(access, problems) },
    incompleteGithub: undefined,
  }
}

const isSet = (value: string | number): boolean => value !== '' && value !== 0

type Access = ReturnType<typeof readAccess>

const readAccess = (read: Read) => ({
  GITHUB_REPOSITORY: read('GITHUB_REPOSITORY', toRepository),
  GITHUB_TOKEN: read('GITHUB_TOKEN', toToken),
  GITHUB_APP_ID: read('GITHUB_APP_ID', (text) => (/^[\w.]*$/.test(text) ? text : undefined)),
  GITHUB_APP_PRIVATE_KEY: read('GITHUB_APP_PRIVATE_KEY', toPrivateKey),
  GITHUB_APP_INSTALLATION_ID: read('GITHUB_APP_INSTALLATION_ID', toInstallationId),
})

const readWebhookSecrets = (read: Read) => ({
  GITHUB_WEBHOOK_SECRET: read('GITHUB_WEBHOOK_SECRET', (text) => text),
  GITHUB_WEBHOOK_SECRET_PREVIOUS: read('GITHUB_WEBHOOK_SECRET_PREVIOUS', (text) => text),
})

const readSyncSettings = (read: Read) => ({
  imports: read('GITHUB_IMPORT', toImports),
  conflict: read('GITHUB_CONFLICT', (text) =>
    (['newest', 'task', 'github'] as const).find((one) => one === text),
  ),
  createWaitMs: read('GITHUB_CREATE_WAIT_MS', integer(0, 30_000)),
  requestTimeoutMs: read('GITHUB_REQUEST_TIMEOUT_MS', integer(1, 600_000)),
  writeIntervalMs: read('GITHUB_WRITE_INTERVAL_MS', integer(0, 600_000)),
  createsPerMinute: read('GITHUB_CREATES_PER_MINUTE', integer(1, 1_000_000)),
  createsPerHour: read('GITHUB_CREATES_PER_HOUR', integer(1, 1_000_000)),
  lookupDelaysMs: read('GITHUB_LOOKUP_DELAYS_MS', toDelays),
  sweepIntervalMs: read('GITHUB_SWEEP_INTERVAL_MS', integer(10, 86_400_000)),
  retryBaseMs: read('GITHUB_RETRY_BASE_MS', integer(1, 3_600_000)),
  leaseMs: read('GITHUB_LEASE_MS', integer(100, 600_000)),
})

/** Names the variables that are set, and those that are missing; undefined when none is set. */
const describeMissing = (
  values: Access & ReturnType<typeof readWebhookSecrets>,
): string | undefined => {
  const names = Object.keys(values) as (keyof typeof values)[]
  const set = names.filter((name) => isSet(values[name]))
  if (set.length === 0) return undefined
  const missing = ['GITHUB_REPOSITORY', ...missingCredential(values)].filter(
    (name) => !set.some((other) => other === name),
  )
  return `${set.join(', ')}: set without ${missing.join(' and ')}, so the GitHub sync is off`
}

const missingCredential = (values: Access): readonly string[] => {
  if (isSet(values.GITHUB_TOKEN)) return []
  return APP.some((name) => isSet(values[name])) ? APP : ['GITHUB_TOKEN (or GITHUB_APP_…)']
}

const toCredential = (access: Access, problems: string[]): Credential => {
  const missing = APP.filter((name) => !isSet(access[name]))
  const token = access.GITHUB_TOKEN
  if (isSet(token)) {
    if (missing.length < APP.length)
      problems.push('GITHUB_TOKEN and GITHUB_APP_…: both are set, choose one')
    return { kind: 'token', token }
  }
  if (missing.length > 0)
    problems.push(
      `${missing.join(' and ')}: not set, and a GitHub App needs all three of ${APP.join(', ')}`,
    )
  const {
    GITHUB_APP_ID: appId,
    GITHUB_APP_PRIVATE_KEY: privateKey,
    GITHUB_APP_INSTALLATION_ID: installationId,
  } = access
  return { kind: 'app', appId, privateKey, installationId }
}

/**
 * `owner/name`, also with the `.git` or the slash of a copied URL: GitHub allows neither in a name.
 */
const toRepository = (text: string): string | undefined => {
  if (text === '') return ''
  const [, owner = '', name = ''] = /^([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/i.exec(text) ?? []
  const isWrong = (part: string): boolean => /^\.{0,2}$|\.git$/i.test(part)
  return isWrong(owner) || isWrong(name) ? undefined : `${owner}/${name}`
}

/** As an Authorization header takes it: `b64token` of RFC 6750, section 2.1. */
const toToken = (text: string): string | undefined =>
  /^[\w.~+/-]*=*$/.test(text) ? text : undefined

/**
 * RSA, PKCS#1 or PKCS#8, line breaks real or written as `\n`; Octokit's app library needs PKCS#8.
 */
const toPrivateKey = (text: string): string | undefined => {
  if (text === '') return ''
  try {
    const key = createPrivateKey(text.replaceAll('\\n', '\n'))
    return key.asymmetricKeyType === 'rsa'
      ? key.export({ type: 'pkcs8', format: 'pem' }).toString()
      : undefined
  } catch {
    return undefined
  }
}

/** 0 if it is not set. */
const toInstallationId = (text: string): number | undefined =>
  text === '' ? 0 : integer(1, Number.MAX_SAFE_INTEGER)(text)

const toImports = (text: string): GithubSettings['imports'] | undefined => {
  if (text === 'none' || text === 'all') return { kind: text }
  const name = unquote(/^label:(.*)$/s.exec(text)?.[1] ?? '')
  return /^.{1,50}$/u.test(name) ? { kind: 'label', name } : undefined
}

const toDelays = (text: string): number[] | undefined => {
  const delays = text.split(',').map((part) => integer(0, 86_400_000)(part.trim()))
  return delays.every((delay) => delay !== undefined) ? delays : undefined
}
