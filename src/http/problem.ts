import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type ErrorCode, type FieldError } from '../core/errors.ts'
import { toETag } from '../core/preconditions.ts'
import { Type } from '../core/typebox.ts'

/** What can go wrong with a request before it reaches a task, or with ourselves. */
type HttpErrorCode =
  | 'malformed_request'
  | 'malformed_json'
  | 'origin_not_allowed'
  | 'host_not_allowed'
  | 'request_refused'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'draining'
  | 'github_not_configured'
  | 'not_linked'
  | 'invalid_signature'
  | 'internal_error'

export type ProblemCode = ErrorCode | HttpErrorCode

/** Exhaustive, so that a forgotten code does not compile. */
export const STATUS: Readonly<Record<ProblemCode, number>> = {
  malformed_request: 400,
  malformed_json: 400,
  request_refused: 400,
  invalid_signature: 401,
  origin_not_allowed: 403,
  route_not_found: 404,
  not_found: 404,
  github_not_configured: 404,
  not_linked: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  already_exists: 409,
  version_mismatch: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  expectation_failed: 417,
  host_not_allowed: 421,
  invalid_input: 422,
  idempotency_key_reused: 422,
  too_many_keys: 429,
  headers_too_large: 431,
  internal_error: 500,
  database_not_configured: 503,
  database_unavailable: 503,
  outcome_unknown: 503,
  draining: 503,
}

export const RETRY_AFTER_SECONDS: Partial<Record<ProblemCode, number>> = {
  database_unavailable: 2,
  outcome_unknown: 2,
  draining: 2,
}

/**
 * An error answer (RFC 9457). The problem type is `about:blank`: `code` says which problem it is.
 */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always `about:blank`; `code` identifies the problem.' }),
    title: Type.String({ description: 'The name of the HTTP status.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What is wrong with this request.' }),
    code: Type.Enum(Object.keys(STATUS) as ProblemCode[], {
      type: 'string',
      description: 'The name of the problem, for programs.',
    }),
    instance: Type.String({ description: 'The path of the request.' }),
    request_id: Type.String({
      description: 'The id of the request, also in the X-Request-Id header and in the log.',
    }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            pointer: Type.String({
              description:
                'The place: a JSON pointer into the body or the query as a URI fragment (`#/title`), or the name of a header.',
            }),
            detail: Type.String({ description: 'What is expected there.' }),
          },
          { title: 'FieldError' },
        ),
        { description: 'For `invalid_input`: what is wrong, place by place.' },
      ),
    ),
  },
  { title: 'Problem' },
)

export interface ProblemDetails {
  readonly code: ProblemCode
  readonly detail: string
  readonly issues?: readonly FieldError[]
  /** Where it is not the status of the code: for `request_refused`. */
  readonly status?: number
}

const statusOf = (fault: ProblemDetails): number => fault.status ?? STATUS[fault.code]

/** A refusal of the HTTP layer's own. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: HttpErrorCode
  /** The headers that are wrong, by their names. */
  readonly issues: readonly FieldError[]

  constructor(code: HttpErrorCode, message: string, issues: readonly FieldError[] = []) {
    super(message)
    this.code = code
    this.issues = issues
  }
}

/** The JSON text of a problem. */
export const toProblem = (fault: ProblemDetails, instance: string, requestId: string): string =>
  JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[statusOf(fault)],
    status: statusOf(fault),
    detail: fault.detail,
    code: fault.code,
    instance,
    request_id: requestId,
    ...(fault.issues !== undefined && fault.issues.length > 0 ? { errors: fault.issues } : {}),
  })

/**
 * What the caller may know of an error. Anything unforeseen is an internal error, without its
 * message. `bodyLimit`: the maximum of the route, in bytes.
 */
export const toProblemDetails = (error: unknown, bodyLimit?: number): ProblemDetails => {
  if (error instanceof AppError)
    return { code: error.code, detail: error.message, issues: error.issues }
  if (error instanceof HttpError)
    return { code: error.code, detail: error.message, issues: error.issues }
  const status = refusedStatus(error)
  if (status === undefined) return INTERNAL_ERROR
  const code = BY_STATUS[status]
  if (code === undefined)
    return { code: 'request_refused', status, detail: `${STATUS_CODES[status] ?? 'Refused'}` }
  return {
    code,
    detail: code === 'body_too_large' ? toLimitDetail(bodyLimit) : FRAMEWORK_DETAILS[code],
  }
}

/** Answers with the problem that an error is. */
export const sendProblem = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  const fault = toProblemDetails(error, request.routeOptions.bodyLimit)
  /** Without a database the service runs as it is configured: its 503 is no failure. */
  if (statusOf(fault) >= 500 && fault.code !== 'database_not_configured')
    request.log.error({ err: error, request_id: request.id }, 'request failed')
  if (error instanceof AppError && error.currentVersion !== undefined)
    reply.header('etag', toETag(error.currentVersion))
  const ownRetryAfter = error instanceof AppError ? error.retryAfter : undefined
  const retryAfter = ownRetryAfter ?? RETRY_AFTER_SECONDS[fault.code]
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  return reply
    .code(statusOf(fault))
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(toProblem(fault, pathOf(request.url), request.id))
}

export const pathOf = (url: string): string => url.split('?', 1)[0] ?? url

const INTERNAL_ERROR: ProblemDetails = {
  code: 'internal_error',
  detail: 'Internal error; the log has the details under this request id',
}

const FRAMEWORK_DETAILS = {
  malformed_request: 'The request is not valid HTTP, or its URL is not valid',
  route_not_found: 'No route matches this path; see /docs',
  method_not_allowed: 'Method not allowed',
  request_timeout: 'The request came too slowly',
  unsupported_media_type:
    'Send the body as application/json (PATCH also takes application/merge-patch+json), in UTF-8 and uncompressed',
} as const satisfies Partial<Record<ProblemCode, string>>

type FrameworkCode = keyof typeof FRAMEWORK_DETAILS | 'body_too_large'

const MEBIBYTE = 1024 * 1024

const toLimitDetail = (limit = MEBIBYTE): string =>
  `Request body exceeds the ${limit / MEBIBYTE} MiB limit of this endpoint`

const BY_STATUS: Readonly<Record<number, FrameworkCode>> = {
  400: 'malformed_request',
  404: 'route_not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
}

/**
 * The status of a refusal by Fastify (`FST_…`) or by a plugin (http-errors marks what a caller may
 * see); undefined for a fault.
 */
const refusedStatus = (error: unknown): number | undefined => {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const isFramework =
    'code' in error && typeof error.code === 'string' && error.code.startsWith('FST_')
  const isExposed = 'expose' in error && error.expose === true
  const status = Number(error.statusCode)
  return (isFramework || isExposed) && status >= 400 && status < 500 ? status : undefined
}
