/** What goes back over the wire. A string as body is sent as it is (HTML), all else as JSON. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const DOCS = 'https://docs.github.com/rest'

export const ok = (body: unknown, status = 200): Answer => ({ status, body })

/** A refusal in the shape that all of GitHub's have. */
export const refusal = (
  status: number,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): Answer => ({
  status,
  body: { message, ...more, documentation_url: DOCS, status: String(status) },
})

export const badCredentials = (): Answer => refusal(401, 'Bad credentials')
export const notFound = (): Answer => refusal(404, 'Not Found')
export const forbidden = (message: string): Answer => refusal(403, message)
export const archived = (): Answer => refusal(403, 'Repository was archived so is read-only.')
export const deleted = (): Answer => refusal(410, 'This issue was deleted')
export const issuesDisabled = (): Answer => refusal(410, 'Issues are disabled for this repo')

export interface FieldError {
  readonly resource: 'Issue' | 'Label' | 'IssueComment'
  readonly code: 'missing_field' | 'invalid' | 'already_exists' | 'custom'
  readonly field: string
  readonly message?: string
}

export const validationFailed = (errors: readonly FieldError[]): Answer =>
  refusal(422, 'Validation Failed', { errors })

/** GitHub says 301 to a read and 307 to a write, with the same words. */
export const moved = (method: string, url: string): Answer => {
  const status = method === 'GET' || method === 'HEAD' ? 301 : 307
  return {
    status,
    headers: { location: url },
    body: { message: 'Moved Permanently', url, documentation_url: DOCS },
  }
}
