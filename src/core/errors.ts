/** Everything that can go wrong for a caller, by the name that a program branches on. */
export type ErrorCode =
  | 'invalid_input'
  | 'not_found'
  | 'version_mismatch'
  | 'idempotency_key_reused'
  | 'database_not_configured'
  | 'database_unavailable'
  | 'outcome_unknown'

/** One thing that is wrong with an input: where (a JSON pointer as a URI fragment, `#/title`) and what is expected. */
export interface InputIssue {
  readonly pointer: string
  readonly detail: string
}

/** A refusal that the caller may read: its message holds nothing internal. */
export class TaskError extends Error {
  override readonly name = 'TaskError'
  readonly code: ErrorCode
  /** For `invalid_input`: what is wrong, field by field. */
  readonly issues: readonly InputIssue[]
  /** For `version_mismatch`: the version that the task has now. */
  readonly currentVersion: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    details: { issues?: readonly InputIssue[]; currentVersion?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.issues = details.issues ?? []
    this.currentVersion = details.currentVersion
  }
}

export const invalidInput = (issues: readonly InputIssue[]): TaskError =>
  new TaskError('invalid_input', summarise(issues), { issues })

export const notFound = (): TaskError => new TaskError('not_found', 'No task has this id')

export const keyReused = (): TaskError =>
  new TaskError('idempotency_key_reused', 'This Idempotency-Key was used with another request within the last 24 hours')

const summarise = (issues: readonly InputIssue[]): string => {
  const first = issues[0]
  if (first === undefined) return 'The input is not valid'
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  const name = first.pointer.slice(2)
  return `${name === '' ? 'The body' : name} ${first.detail}${more}`
}
