import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from '@octokit/core'
import { appAuthOptions } from './app-credential.ts'
import type { GithubClock } from './github-clock.ts'

/** How we are known at GitHub: by a token, or as an installation of a GitHub App. */
export type Credential =
  | { readonly kind: 'token'; readonly token: string }
  /** The key in PKCS#8, PEM. */
  | {
      readonly kind: 'app'
      readonly appId: string
      readonly privateKey: string
      readonly installationId: number
    }

/**
 * What came of a call. `refused`: GitHub answered that it did not do it; a redirection too, as none
 * is followed. `limited`: it did not do it and wants no call before `until`, in GitHub's time.
 * `unknown`: no answer, or a failure of GitHub's own: it may have been done, unless `wasSent` says
 * that it never left.
 */
export type GithubResponse =
  | { readonly kind: 'ok'; readonly data: unknown; readonly next: boolean }
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly message: string
      readonly location: string | undefined
    }
  | { readonly kind: 'limited'; readonly until: number; readonly reason: 'primary' | 'secondary' }
  | { readonly kind: 'unknown'; readonly message: string; readonly wasSent: boolean }

/**
 * The rate limit of a credential: how many requests are left until `resetsAt`, in milliseconds of
 * GitHub's time
 * (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit).
 */
export interface RateLimit {
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: number
}

/** A response, with the rate limit if GitHub sent it. */
export type Answer = GithubResponse & { readonly budget?: RateLimit }

/** `signal` gives a call up before its time, as if no answer had come. */
export type Call = (
  route: string,
  parameters?: Record<string, unknown>,
  signal?: AbortSignal,
) => Promise<Answer>

export interface ClientOptions {
  readonly credential: Credential
  readonly apiUrl: string
  readonly timeoutMs: number
  readonly userAgent: string
  /** Measured with each answer. */
  readonly clock: GithubClock
}

/**
 * One request to GitHub, and its answer as one of four kinds. Octokit's retry and throttling are
 * left out: they repeat a POST.
 */
export const createClient = ({
  credential,
  apiUrl,
  timeoutMs,
  userAgent,
  clock,
}: ClientOptions): Call => {
  const connect = (): Octokit =>
    new Octokit({
      baseUrl: apiUrl,
      userAgent,
      log: SILENT,
      ...authentication(credential, clock),
      request: {
        fetch: (url: string, options: RequestInit) => fetchOnce(url, options, timeoutMs, clock),
      },
    })
  let octokit = connect()

  const request: Call = async (route, parameters, signal) => {
    try {
      const response = await octokit.request(route, {
        ...parameters,
        ...(signal && { request: { signal } }),
      })
      return toAnswer(response, clock.now())
    } catch (error) {
      const response = responseOf(error)
      const reply: Answer =
        response === undefined
          ? { kind: 'unknown', message: 'GitHub did not answer', wasSent: !isUnreachable(error) }
          : toAnswer(response, clock.now())
      return isTokenCall(error) ? withoutToken(reply) : reply
    }
  }

  return async (route, parameters, signal) => {
    const reply = await request(route, parameters, signal)
    if (credential.kind === 'token' || reply.kind !== 'refused' || reply.status !== 401)
      return reply
    /**
     * The token that an app was given may have been revoked before its time. A new client asks for
     * another.
     */
    octokit = connect()
    return request(route, parameters, signal)
  }
}

/**
 * The codes of a connection that never came about: https://nodejs.org/api/errors.html and undici's
 * own.
 */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

const isUnreachable = (error: unknown): boolean => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && UNREACHABLE.has(String(cause.code))) return true
  }
  return false
}

/**
 * Whether it is the call by which an app gets its token, which comes before the one that was asked
 * for.
 */
const isTokenCall = (error: unknown): boolean =>
  error instanceof Error &&
  'request' in error &&
  /\/access_tokens$/.test((error.request as { url: string }).url)

/**
 * What was asked for was not sent; a token that is refused is a credential that is not accepted.
 */
const withoutToken = (reply: GithubResponse): GithubResponse => {
  if (reply.kind === 'unknown') return { ...reply, wasSent: false }
  return reply.kind === 'refused' ? { ...reply, status: 401, location: undefined } : reply
}

const noop = (): void => {}
const SILENT = { debug: noop, info: noop, warn: noop, error: noop }

const authentication = (credential: Credential, clock: GithubClock) =>
  credential.kind === 'token'
    ? { auth: credential.token }
    : {
        authStrategy: createAppAuth,
        auth: {
          appId: credential.appId,
          installationId: credential.installationId,
          ...appAuthOptions(credential.privateKey, clock.now),
        },
      }

const fetchOnce = async (
  url: string,
  options: RequestInit,
  timeoutMs: number,
  clock: GithubClock,
): Promise<Response> => {
  const sentAt = performance.now()
  const { response, text } = await within(timeoutMs, options.signal, async (signal) => {
    const response = await fetch(url, { ...options, redirect: 'manual', signal })
    clock.measure(response.headers.get('date'), sentAt)
    return { response, text: await response.text() }
  })
  const isEmpty = response.status === 204 || response.status === 205 || response.status === 304
  return new Response(isEmpty ? null : text, response)
}

/**
 * Gives up after a time, or with the signal: that one, if it was combined, would keep each call for
 * as long as it lives (nodejs/node#64476).
 */
const within = async <T>(
  timeoutMs: number,
  signal: AbortSignal | null | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController()
  const giveUp = (): void => controller.abort()
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp)
  const timer = setTimeout(giveUp, timeoutMs)
  try {
    return await run(controller.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

type ReplyHeaders = Readonly<Record<string, string | number | undefined>>

interface HttpResponse {
  readonly status: number
  readonly headers: ReplyHeaders
  readonly data: unknown
}

/**
 * A request that was reset or timed out throws with status 500 and no response: its outcome is
 * unknown.
 */
const responseOf = (error: unknown): HttpResponse | undefined =>
  error instanceof Error && 'response' in error
    ? (error.response as HttpResponse | undefined)
    : undefined

const toAnswer = (response: HttpResponse, now: number): Answer => {
  const budget = budgetOf(response.headers)
  return { ...toReply(response, now), ...(budget && { budget }) }
}

const budgetOf = (headers: ReplyHeaders): RateLimit | undefined => {
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) =>
    Number(headers[`x-ratelimit-${name}`]),
  ) as [number, number, number]
  const isTold = Number.isFinite(limit) && Number.isFinite(remaining) && Number.isFinite(reset)
  return isTold ? { limit, remaining, resetsAt: reset * 1000 } : undefined
}

const toReply = ({ status, headers, data }: HttpResponse, now: number): GithubResponse => {
  if (status >= 500) return { kind: 'unknown', message: `GitHub answered ${status}`, wasSent: true }
  if (status < 300)
    return { kind: 'ok', data, next: String(headers['link'] ?? '').includes('rel="next"') }
  const message = messageOf(data)
  const limit =
    status === 403 || status === 429 ? limitOf(status, headers, message, now) : undefined
  const location = headers['location']
  return (
    limit ?? {
      kind: 'refused',
      status,
      message,
      location: location === undefined ? undefined : String(location),
    }
  )
}

const messageOf = (data: unknown): string =>
  typeof data === 'object' && data !== null && 'message' in data && typeof data.message === 'string'
    ? data.message
    : ''

/**
 * GitHub's advice where a secondary limit names no time:
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
const UNNAMED_WAIT_MS = 60_000

const limitOf = (
  status: number,
  headers: ReplyHeaders,
  message: string,
  now: number,
): GithubResponse | undefined => {
  const retryAfter = Number(headers['retry-after'])
  if (Number.isFinite(retryAfter))
    return { kind: 'limited', until: now + retryAfter * 1000, reason: 'secondary' }
  if (String(headers['x-ratelimit-remaining']) === '0')
    return {
      kind: 'limited',
      until: Math.max(now, Number(headers['x-ratelimit-reset']) * 1000) + 1000,
      reason: 'primary',
    }
  if (status === 429 || /secondary rate limit|abuse/i.test(message))
    return { kind: 'limited', until: now + UNNAMED_WAIT_MS, reason: 'secondary' }
  return undefined
}
