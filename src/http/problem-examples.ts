import type { FieldError } from '../core/errors.ts'
import { type ProblemCode, toProblem } from './problem.ts'

interface ProblemExample {
  /** What the code means, in a sentence. */
  readonly meaning: string
  /** The detail of a typical answer. */
  readonly detail: string
  /** The path of the request; of one task unless given. */
  readonly instance?: string
  readonly errors?: readonly FieldError[]
}

const TASK_PATH = '/tasks/0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

/** The documentation of each code. Exhaustive: a code without an example does not compile. */
export const PROBLEM_EXAMPLES: Readonly<Record<ProblemCode, ProblemExample>> = {
  malformed_request: {
    meaning: 'The request is not valid HTTP, or its URL or a header is malformed.',
    detail: 'The request is not valid HTTP, or its URL is not valid',
    instance: '/tasks/%E0%A4%A',
  },
  malformed_json: {
    meaning: 'The body is not valid JSON in UTF-8, or an object in it has the same name twice.',
    detail: 'The body is not valid JSON: value expected at line 1, column 10',
  },
  request_refused: {
    meaning: 'The request was refused for the reason that the status names.',
    detail: 'Forbidden',
    instance: '/docs/static/',
  },
  host_not_allowed: {
    meaning: 'The request is addressed to a host name that is not one of the service.',
    detail:
      'This service is not known as "tasks.example.com"; add the name to ALLOWED_HOSTS, or set PUBLIC_URL',
  },
  origin_not_allowed: {
    meaning: 'A web page of another origin may not write, unless CORS_ORIGINS names its origin.',
    detail:
      'A page of another origin ("https://app.example.com") may not write; to allow it, add its origin to CORS_ORIGINS',
  },
  invalid_signature: {
    meaning: 'The signature of the webhook delivery is missing or wrong.',
    detail: 'The signature is missing or wrong',
    instance: '/github/webhook',
  },
  route_not_found: {
    meaning: 'No route matches the path.',
    detail: 'No route matches this path; see /docs',
    instance: '/taks',
  },
  not_found: {
    meaning: 'The task does not exist.',
    detail: 'No task has this id',
  },
  already_exists: {
    meaning: 'A value that must be unique is taken; `errors` names the field.',
    detail: 'name is taken: another record has it',
    errors: [{ pointer: '#/name', detail: 'is taken: another record has it' }],
  },
  method_not_allowed: {
    meaning: 'The path does not support the method; the Allow header lists those it does.',
    detail: 'Method not allowed; use GET, HEAD, POST',
    instance: '/tasks',
  },
  request_timeout: {
    meaning: 'The request arrived too slowly.',
    detail: 'The request came too slowly',
  },
  version_mismatch: {
    meaning:
      'The task does not have the ETag in If-Match, or has the one in If-None-Match; the ETag header has the current one.',
    detail: 'The ETag of the task is now "2", which If-Match does not list',
  },
  body_too_large: {
    meaning: 'The body exceeds the size limit of this operation.',
    detail: 'Request body exceeds the 1 MiB limit of this endpoint',
  },
  unsupported_media_type: {
    meaning:
      'The body has another media type than this operation accepts, is not in UTF-8, or is compressed.',
    detail:
      'Send the body as application/json (PATCH also takes application/merge-patch+json), in UTF-8 and uncompressed',
  },
  expectation_failed: {
    meaning: 'The Expect header has a value other than 100-continue.',
    detail: 'Unsupported Expect header; only 100-continue is supported',
  },
  invalid_input: {
    meaning: 'A value is invalid or its name is unknown; `errors` lists each.',
    detail:
      'due_at must be an RFC 3339 date-time with a time zone, such as 2026-03-01T09:00:00Z or null',
    errors: [
      {
        pointer: '#/due_at',
        detail:
          'must be an RFC 3339 date-time with a time zone, such as 2026-03-01T09:00:00Z or null',
      },
    ],
  },
  idempotency_key_reused: {
    meaning: 'The Idempotency-Key was used with another request within the last 24 hours.',
    detail: 'This Idempotency-Key was used with another request within the last 24 hours',
    instance: '/tasks',
  },
  too_many_keys: {
    meaning: 'The task was changed with 100 different Idempotency-Keys within the last 24 hours.',
    detail:
      'A task may be changed with at most 100 different Idempotency-Keys in 24 hours: ' +
      'retry in 3600 seconds, or send the change without a key',
  },
  headers_too_large: {
    meaning: 'The URL and the headers together exceed 16 KiB.',
    detail: 'The URL and the headers together are larger than 16 KiB',
    instance: '/',
  },
  internal_error: {
    meaning: 'The service failed unexpectedly; its log has the details under the request id.',
    detail: 'Internal error; the log has the details under this request id',
  },
  database_not_configured: {
    meaning: 'The service runs without a database.',
    detail: 'Database not configured',
  },
  database_unavailable: {
    meaning: 'The database does not respond; nothing was changed.',
    detail: 'The database is not responding; try again shortly',
  },
  outcome_unknown: {
    meaning: 'The database did not confirm the change, so it may or may not have been made.',
    detail:
      'The database did not confirm the change: it may or may not have been made. Read the ' +
      'task, or try again with the same Idempotency-Key',
  },
  draining: {
    meaning: 'The service is shutting down.',
    detail: 'The service is about to stop',
    instance: '/readyz',
  },
  github_not_configured: {
    meaning: 'The service runs without GitHub sync.',
    detail: 'GitHub not configured',
    instance: '/github/status',
  },
  not_linked: {
    meaning: 'The task has no GitHub issue.',
    detail: 'The task has no GitHub issue',
    instance: `${TASK_PATH}/sync`,
  },
}

/** An OpenAPI example of each code (https://spec.openapis.org/oas/v3.1.1#example-object). */
export const problemExamples = (): [
  code: ProblemCode,
  example: { summary: string; value: unknown },
][] => (Object.keys(PROBLEM_EXAMPLES) as ProblemCode[]).map((code) => [code, toExample(code)])

const toExample = (code: ProblemCode) => {
  const { meaning, detail, instance = TASK_PATH, errors = [] } = PROBLEM_EXAMPLES[code]
  const problem: unknown = JSON.parse(
    toProblem({ code, detail, issues: errors }, instance, 'Qm8x1-1'),
  )
  return { summary: meaning, value: problem }
}
