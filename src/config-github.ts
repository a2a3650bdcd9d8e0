import { createPrivateKey } from 'node:crypto'
import { toApiUrl } from './config-github-url.ts'
import { integer, type Read, unquote } from './config-reader.ts'
import type { GithubSettings } from './github/open-github.ts'

/** The settings of the GitHub sync; undefined without a repository and a credential. */
export const readGithub = (read: Read, problems: string[]): GithubSettings | undefined => {
  const repository = read('GITHUB_REPOSITORY', toRepository)
  const token = read('GITHUB_TOKEN', toToken)
  const appId = read('GITHUB_APP_ID', (text) => (/^[\w.]*$/.test(text) ? text : undefined))
  const privateKey = read('GITHUB_APP_PRIVATE_KEY', toPrivateKey)
  const installationId = read('GITHUB_APP_INSTALLATION_ID', (text) =>
    text === '' ? 0 : integer(1, Number.MAX_SAFE_INTEGER)(text),
  )
  const secrets = (['GITHUB_WEBHOOK_SECRET', 'GITHUB_WEBHOOK_SECRET_PREVIOUS'] as const).map((name) => read(name, (text) => text))
  const settings = {
    apiUrl: read('GITHUB_API_URL', toApiUrl),
    webhookSecrets: secrets.filter((secret) => secret !== ''),
    imports: read('GITHUB_IMPORT', toImports),
    conflict: read('GITHUB_CONFLICT', (text) => (['newest', 'task', 'github'] as const).find((one) => one === text)),
    createWaitMs: read('GITHUB_CREATE_WAIT_MS', integer(0, 30_000)),
    requestTimeoutMs: read('GITHUB_REQUEST_TIMEOUT_MS', integer(1, 600_000)),
    writeIntervalMs: read('GITHUB_WRITE_INTERVAL_MS', integer(0, 600_000)),
    createsPerMinute: read('GITHUB_CREATES_PER_MINUTE', integer(1, 1_000_000)),
    createsPerHour: read('GITHUB_CREATES_PER_HOUR', integer(1, 1_000_000)),
    lookupDelaysMs: read('GITHUB_LOOKUP_DELAYS_MS', toDelays),
    sweepIntervalMs: read('GITHUB_SWEEP_INTERVAL_MS', integer(10, 86_400_000)),
    retryBaseMs: read('GITHUB_RETRY_BASE_MS', integer(1, 3_600_000)),
    leaseMs: read('GITHUB_LEASE_MS', integer(100, 600_000)),
  }
  const isApp = appId !== '' || privateKey !== '' || installationId !== 0
  const isTokenGiven = token !== ''
  /** GitHub's own machines set some of these for other ends, so one of the two alone means nothing. */
  if (repository === '' || !(isTokenGiven || isApp)) return undefined
  if (isTokenGiven && isApp) problems.push('GITHUB_TOKEN and GITHUB_APP_…: both are set, choose one')
  if (isTokenGiven) return { ...settings, repository, credential: { kind: 'token', token } }
  if (appId === '' || privateKey === '' || installationId === 0)
    problems.push('GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID: a GitHub App needs all three')
  return { ...settings, repository, credential: { kind: 'app', appId, privateKey, installationId } }
}

/** `owner/name`, also with the `.git` or the slash that a copied URL ends with, neither of which a repository's name has. */
const toRepository = (text: string): string | undefined => {
  if (text === '') return ''
  const [, owner = '', name = ''] = /^([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/i.exec(text) ?? []
  const isWrong = (part: string): boolean => /^\.{0,2}$|\.git$/i.test(part)
  return isWrong(owner) || isWrong(name) ? undefined : `${owner}/${name}`
}

/** As an Authorization header takes it: `b64token` of RFC 6750, section 2.1. */
const toToken = (text: string): string | undefined => (/^[\w.~+/-]*=*$/.test(text) ? text : undefined)

/** RSA in PKCS#1 or PKCS#8, its line breaks real or written as `\n`; in PKCS#8 as the app's library wants it. */
const toPrivateKey = (text: string): string | undefined => {
  if (text === '') return ''
  try {
    const key = createPrivateKey(text.replaceAll('\\n', '\n'))
    return key.asymmetricKeyType === 'rsa' ? key.export({ type: 'pkcs8', format: 'pem' }).toString() : undefined
  } catch {
    return undefined
  }
}

const toImports = (text: string): GithubSettings['imports'] | undefined => {
  if (text === 'none' || text === 'all') return { kind: text }
  const name = unquote(/^label:(.*)$/s.exec(text)?.[1] ?? '')
  return /^.{1,50}$/u.test(name) ? { kind: 'label', name } : undefined
}

const toDelays = (text: string): number[] | undefined => {
  const delays = text.split(',').map((part) => integer(0, 86_400_000)(part.trim()))
  return delays.every((delay) => delay !== undefined) ? delays : undefined
}
