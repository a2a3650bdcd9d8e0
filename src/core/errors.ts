/** Everything that can go wrong for a caller, by the name that a program branches on. */
export type ErrorCode =
  | 'invalid_input'
  | 'not_found'
  | 'already_exists'
  | 'version_mismatch'
  | 'idempotency_key_reused'
  | 'too_many_keys'
  | 'database_not_configured'
  | 'database_unavailable'
  | 'outcome_unknown'

/**
 * One thing that is wrong with an input: where (a JSON pointer as a URI fragment, `#/title`) and
 * what is expected.
 */
export interface FieldError {
  readonly pointer: string
  readonly detail: string
}

/** A refusal that the caller may read: its message holds nothing internal. */
export class AppError extends Error {
  override readonly name = 'TaskError'
  readonly code: ErrorCode
  /** For `invalid_input` and `already_exists`: what is wrong, field by field. */
  readonly issues: readonly FieldError[]
  /** For `version_mismatch`: the version that the entity has now. */
  readonly currentVersion: number | undefined
  /** For `too_many_keys`: after how many seconds a retry may succeed. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.issues = details.issues ?? []
    this.currentVersion = details.currentVersion
    this.retryAfter = details.retryAfter
  }
}

interface Details {
  readonly issues?: readonly FieldError[]
  readonly currentVersion?: number
  readonly retryAfter?: number
  readonly cause?: unknown
}

export const invalidInput = (issues: readonly FieldError[]): AppError =>
  new AppError('invalid_input', summarise(issues), { issues })

/** `resource` is the kind of entity, as in `task`. */
export const notFound = (resource = 'task'): AppError =>
  new AppError('not_found', `No ${resource} has this id`)

/** The value of `field` must differ between all entities of a kind. */
export const alreadyExists = (resource: string, field: string): AppError => {
  const detail = `is taken: another ${resource} has it`
  const issues = [{ pointer: `#/${field}`, detail }]
  return new AppError('already_exists', summarise(issues), { issues })
}

export const keyReused = (): AppError =>
  new AppError(
    'idempotency_key_reused',
    'This Idempotency-Key was used with another request within the last 24 hours',
  )

/** `retryAfter` in seconds. */
export const tooManyKeys = (resource: string, max: number, retryAfter: number): AppError =>
  new AppError(
    'too_many_keys',
    `A ${resource} may be changed with at most ${max} different Idempotency-Keys in 24 hours: ` +
      `retry in ${retryAfter} seconds, or send the change without a key`,
    { retryAfter },
  )

const summarise = (issues: readonly FieldError[]): string => {
  const first = issues[0]
  if (first === undefined) return 'The input is not valid'
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  const name = first.pointer.slice(2)
  return `${name === '' ? 'The body' : name} ${first.detail}${more}`
}
