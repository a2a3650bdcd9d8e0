import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { type Answer, badCredentials, forbidden, refusal } from './answer.ts'
import type { User } from './records.ts'

/**
 * What a token may: `push` all that the sync needs, `pull` open issues and edit its own (labels are dropped without a word),
 * `read` look only, `none` see nothing of any repository.
 */
export type Rights = 'push' | 'pull' | 'read' | 'none'

export interface Credential {
  readonly kind: 'user' | 'app' | 'installation'
  readonly user: User
  /** Whose budget it spends: all of a user's tokens share one. */
  readonly account: string
  readonly rights: Rights
  readonly token: string
}

export interface AppSettings {
  readonly id: number
  readonly slug: string
  readonly installationId: number
  /** PEM, of the key that the App signs with. */
  readonly publicKey: string
  readonly tokenLifetimeMs?: number
}

interface Grant {
  readonly kind: 'user' | 'installation'
  readonly user: User
  readonly account: string
  rights: Rights
  isRevoked: boolean
  readonly expiresAt: number
}

export type Credentials = ReturnType<typeof createCredentials>

const MAX_JWT_SECONDS = 600

const parsePart = (part: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return {}
  }
}

const unreadable = (): Answer => refusal(401, 'A JSON web token could not be decoded')

/** What GitHub checks of an App's JSON Web Token; undefined when it is good. */
export const checkAppToken = (token: string, app: AppSettings, now: number): Answer | undefined => {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const { iss, exp, iat } = parsePart(payload)
  if (parsePart(header).alg !== 'RS256') return unreadable()
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${payload}`),
    createPublicKey(app.publicKey),
    Buffer.from(signature, 'base64url'),
  )
  if (!isSigned) return unreadable()
  if (String(iss) !== String(app.id)) return refusal(404, 'Integration not found')
  const seconds = Math.floor(now / 1000)
  if (typeof exp !== 'number' || exp <= seconds)
    return refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    )
  if (exp > seconds + MAX_JWT_SECONDS)
    return refusal(401, "'Expiration time' claim ('exp') is too far in the future")
  if (typeof iat !== 'number' || iat > seconds)
    return refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    )
  return undefined
}

/** Who holds which token. */
export const createCredentials = (
  now: () => number,
  app: (AppSettings & { readonly bot: User }) | undefined,
) => {
  const grants = new Map<string, Grant>()

  const authenticateApp = (token: string): Credential | Answer => {
    if (app === undefined) return unreadable()
    const problem = checkAppToken(token, app, now())
    return (
      problem ?? { kind: 'app', user: app.bot, account: `app ${app.id}`, rights: 'none', token }
    )
  }

  return {
    app,
    add(token: string, user: User, rights: Rights = 'push'): void {
      const account = `user ${user.login}`
      grants.set(token, {
        kind: 'user',
        user,
        account,
        rights,
        isRevoked: false,
        expiresAt: Number.POSITIVE_INFINITY,
      })
    },
    revoke(token: string): void {
      const grant = grants.get(token)
      if (grant !== undefined) grant.isRevoked = true
    },
    restore(token: string): void {
      const grant = grants.get(token)
      if (grant !== undefined) grant.isRevoked = false
    },
    setRights(rights: Rights, token?: string): void {
      for (const [each, grant] of grants)
        if (token === undefined || token === each) grant.rights = rights
    },
    /** A new installation token; it has the form of GitHub's. */
    issueInstallationToken(bot: User, installationId: number, lifetimeMs: number) {
      const token = `ghs_${randomBytes(18).toString('hex')}`
      const account = `installation ${installationId}`
      const expiresAt = now() + lifetimeMs
      grants.set(token, {
        kind: 'installation',
        user: bot,
        account,
        rights: 'push',
        isRevoked: false,
        expiresAt,
      })
      return { token, expiresAt }
    },
    authenticate(authorization: string | undefined): Credential | Answer {
      const token = /^(?:bearer|token) +(\S+)$/i.exec(authorization ?? '')?.[1]
      if (token === undefined) return refusal(401, 'Requires authentication')
      if (token.split('.').length === 3) return authenticateApp(token)
      const grant = grants.get(token)
      if (grant === undefined || grant.isRevoked || grant.expiresAt <= now())
        return badCredentials()
      const { kind, user, account, rights } = grant
      return { kind, user, account, rights, token }
    },
  }
}

export const notAccessible = (credential: Credential): Answer =>
  forbidden(
    `Resource not accessible by ${credential.kind === 'user' ? 'personal access token' : 'integration'}`,
  )
