import type { ErrorObject } from 'ajv'
import { type Answer, refusal } from './answer.ts'
import type { Operation } from './api-description.ts'

/** The parameters and the body, as the description knows them. */
export interface ValidRequest {
  readonly parameters: Readonly<Record<string, string | number | boolean>>
  readonly body: Readonly<Record<string, unknown>>
}

export type Validation =
  | { readonly request: ValidRequest }
  /** `problems` are what a violation says; the answer is GitHub's. */
  | { readonly answer: Answer; readonly problems: readonly string[] }

/** What this GitHub would have to model before an answer to it means anything. */
const NOT_MODELLED = [
  'milestone',
  'assignee',
  'assignees',
  'type',
  'mentioned',
  'issue_field_values',
  'repository_ids',
]

const say = ({ instancePath, keyword, params, message }: ErrorObject): string => {
  if (keyword === 'additionalProperties')
    return `"${params.additionalProperty}" is not a permitted key.`
  if (keyword === 'required') return `"${params.missingProperty}" wasn't supplied.`
  return `For 'properties${instancePath}', ${message ?? keyword}.`
}

const refuse = (errors: readonly string[], status = 422): Validation => ({
  answer: refusal(
    status,
    status === 400 ? errors.join(' ') : `Invalid request.\n\n${errors.join('\n')}`,
  ),
  problems: errors,
})

const parseBody = (text: string): Readonly<Record<string, unknown>> | string => {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Readonly<Record<string, unknown>>)
      : 'Body should be a JSON object'
  } catch {
    return 'Problems parsing JSON'
  }
}

/** Holds a request against GitHub's own description of it. */
export const validateRequest = (
  operation: Operation,
  path: Readonly<Record<string, string>>,
  query: URLSearchParams,
  text: string,
): Validation => {
  const parameters: Record<string, string> = { ...Object.fromEntries(query), ...path }
  const { checkParameters, checkBody } = operation
  if (!checkParameters(parameters)) return refuse((checkParameters.errors ?? []).map(say))
  const body = text === '' ? undefined : parseBody(text)
  if (typeof body === 'string') return refuse([body], 400)
  if (body !== undefined && checkBody === undefined) return refuse(['No body is taken here.'])
  if (body === undefined && operation.needsBody) return refuse(['A body is needed.'])
  if (body !== undefined && checkBody?.(body) === false)
    return refuse((checkBody.errors ?? []).map(say))
  const unknown = NOT_MODELLED.filter(
    (name) => name in parameters || (body !== undefined && name in body),
  )
  if (unknown.length > 0)
    return refuse(unknown.map((name) => `"${name}" is real, but not modelled here.`))
  return { request: { parameters, body: body ?? {} } }
}

/** What is wrong with an answer of ours by GitHub's description; nothing for what it leaves open. */
export const checkAnswer = (
  operation: Operation,
  status: number,
  text: string,
): readonly string[] => {
  const check = operation.checkAnswer(status)
  if (check === undefined || check(text === '' ? undefined : JSON.parse(text))) return []
  return (check.errors ?? []).map(
    ({ instancePath, message }) => `${operation.route} ${status}: ${instancePath} ${message ?? ''}`,
  )
}
