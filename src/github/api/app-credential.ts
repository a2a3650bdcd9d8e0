import { sign } from 'node:crypto'

/**
 * GitHub accepts a JSON Web Token for at most ten minutes, and advises to date it back by one. In
 * seconds.
 */
const JWT_SECONDS = 600
const DATED_BACK_SECONDS = 60

/** An installation token is valid for an hour: it is replaced before its end. */
const TOKEN_KEPT_MS = 59 * 60 * 1000

/**
 * The options of @octokit/auth-app that keep it from our clock: by itself it would date the JSON
 * Web Token and count the age of the installation token by it. A token dated wrong is refused, and
 * made again once that answer has told GitHub's time
 * (https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
 */
export const appAuthOptions = (privateKey: string, githubNow: () => number) => ({
  createJwt: async (appId: string | number) => {
    const issuedAt = Math.floor(githubNow() / 1000) - DATED_BACK_SECONDS
    const expiresAt = issuedAt + JWT_SECONDS
    const claims = { iat: issuedAt, exp: expiresAt, iss: String(appId) }
    return { jwt: toJwt(claims, privateKey), expiresAt: new Date(expiresAt * 1000).toISOString() }
  },
  cache: createTokenCache(),
})

const toJwt = (claims: object, privateKey: string): string => {
  const [header, payload] = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signature = sign('RSA-SHA256', Buffer.from(`${header}.${payload}`), privateKey).toString(
    'base64url',
  )
  return `${header}.${payload}.${signature}`
}

/** When a cached token was created, as the library sees it: see below. */
const LONG_AGO = new Date(0).toISOString()

/** Keeps the one installation token, by the monotonic clock. */
const createTokenCache = () => {
  let kept = ''
  let keptUntil = 0
  return {
    get: (): string => (performance.now() < keptUntil ? kept : ''),

    /**
     * The library sends a call again that is refused with 401 while the token is less than five
     * seconds old; if our clock is put back, that would be for days. So a kept token is never new.
     * Its text is `token|created at|…`.
     */
    set(_key: string, value: string): void {
      const [token, , ...others] = value.split('|')
      kept = [token, LONG_AGO, ...others].join('|')
      keptUntil = performance.now() + TOKEN_KEPT_MS
    },
  }
}
