import { type Answer, forbidden, notFound } from './answer.ts'
import { type FoundOperation, findOperation } from './api-description.ts'
import type { Call } from './call.ts'
import { checkAnswer, validateRequest } from './contract.ts'
import { toJsonText } from './json-text.ts'
import { fullName } from './records.ts'
import type { LoggedRequest } from './request-log.ts'
import { CREATING, ROUTES } from './routes.ts'

export interface ArrivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export type Surroundings = Pick<Call, 'world' | 'credentials' | 'limits' | 'api'> & {
  /** What the other side did that GitHub does not describe. */
  readonly violations: string[]
  /** What this GitHub did that the real one does not: a fault of ours. */
  readonly slips: string[]
}

/** `/repositories/{id}/…` is undescribed but real: it is where redirects and page links lead. */
const withoutId = ({ world }: Surroundings, path: string): string | undefined => {
  const [, id, rest] = /^\/repositories\/(\d+)(.*)$/.exec(path) ?? []
  if (id === undefined) return path
  const repository = world.repositoryById(Number(id))
  return repository === undefined ? undefined : `/repos/${fullName(repository)}${rest}`
}

export type Destination = FoundOperation & {
  readonly path: string
  readonly query: URLSearchParams
}

/**
 * A path as GitHub's router reads it: dot segments are resolved, percent-encoded ones too
 * (https://url.spec.whatwg.org/#path-state), and repeated or trailing slashes mean nothing.
 */
const normalizePath = (pathname: string): string =>
  pathname.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')

/** Where a request goes; undefined for what GitHub has not. */
export const findDestination = (
  around: Surroundings,
  { method, path }: ArrivedRequest,
): Destination | 'no such repository' | undefined => {
  const { pathname, searchParams, search } = new URL(`http://localhost${path}`)
  const known = withoutId(around, normalizePath(pathname))
  if (known === undefined) return 'no such repository'
  const found = findOperation(method, known)
  return found === undefined
    ? undefined
    : { ...found, path: `${known}${search}`, query: searchParams }
}

/** What GitHub answers, and everything that it does for it. All of it happens at once. */
export const perform = (
  around: Surroundings,
  request: ArrivedRequest,
  logged: LoggedRequest,
  destination: Destination | 'no such repository' | undefined,
): Answer => {
  const { world, credentials, limits, api, violations } = around
  if (request.headers['user-agent'] === undefined) {
    violations.push(`${request.method} ${request.path}: no User-Agent`)
    return forbidden(
      'Request forbidden by administrative rules. Please make sure your request has a User-Agent header',
    )
  }
  if (destination === undefined) {
    violations.push(
      `${request.method} ${request.path}: GitHub has no such path, or it is not modelled here`,
    )
    return notFound()
  }
  const credential = credentials.authenticate(request.headers.authorization as string | undefined)
  if ('status' in credential) return credential
  if (destination === 'no such repository') return notFound()
  const { operation, parameters, path, query } = destination
  if (operation.route !== 'GET /rate_limit') {
    const refused = limits.spend(credential.account)
    logged.refused = refused?.kind
    if (refused !== undefined) return refused.answer
  }
  const valid = validateRequest(operation, parameters, query, request.text)
  if ('problems' in valid) {
    violations.push(...valid.problems.map((problem) => `${operation.route}: ${problem}`))
    return valid.answer
  }
  if (CREATING.has(operation.route)) {
    const refused = limits.spendCreate(credential.account)
    logged.refused = refused?.kind
    if (refused !== undefined) return refused.answer
  }
  const { method, text } = request
  const call: Call = {
    world,
    credentials,
    limits,
    credential,
    api,
    method,
    path,
    text,
    ...valid.request,
  }
  const answer = ROUTES[operation.route]?.(call) ?? notFound()
  around.slips.push(
    ...checkAnswer(
      operation,
      answer.status,
      answer.body === undefined ? '' : toJsonText(answer.body),
    ),
  )
  return answer
}
