import {
  type Answer,
  deleted,
  type FieldError,
  forbidden,
  issuesDisabled,
  moved,
  notFound,
  ok,
  validationFailed,
} from '../answer.ts'
import { type Call, type Handler, reading, writing } from '../call.ts'
import { createIssue, editIssue, type IssueEdit } from '../changes.ts'
import { answerPage } from '../paging.ts'
import type { Id, Issue, Repository, StateReason } from '../records.ts'
import { serializeIssue } from '../serialize.ts'
import { checkLabels, toLabelNames } from './label-names.ts'

export const MAX_TITLE = 256
export const MAX_BODY = 65_536

const characters = (text: string): number => [...text].length

/** What GitHub checks beyond its description. */
const checkTexts = ({ title, body }: Readonly<Record<string, unknown>>): FieldError[] => [
  ...(title !== undefined && title !== null && String(title).trim() === ''
    ? [{ resource: 'Issue', code: 'missing_field', field: 'title' } as const]
    : []),
  ...(characters(String(title ?? '')) > MAX_TITLE
    ? [
        {
          resource: 'Issue',
          code: 'custom',
          field: 'title',
          message: 'title is too long (maximum is 256 characters)',
        } as const,
      ]
    : []),
  ...(characters(String(body ?? '')) > MAX_BODY
    ? [
        {
          resource: 'Issue',
          code: 'custom',
          field: 'body',
          message: 'body is too long (maximum is 65536 characters)',
        } as const,
      ]
    : []),
]

/** The issue as it is read, or what GitHub says of one that is gone or elsewhere. */
export const withIssue = (
  call: Call,
  repository: Repository,
  handler: (issue: Issue) => Answer,
  isRead = false,
): Answer => {
  const number = Number(call.parameters.issue_number)
  const issue = isRead
    ? call.world.readIssue(repository, number)
    : call.world.issue(repository, number)
  if (issue === undefined) return notFound()
  if (issue.fate === 'deleted') return deleted()
  if (!repository.hasIssues && !issue.isPullRequest) return issuesDisabled()
  if (issue.fate === 'here') return handler(issue)
  const place = `/repositories/${issue.fate.repositoryId}/issues/${issue.fate.number}`
  if (call.world.repositoryById(issue.fate.repositoryId)?.isGone !== false) return notFound()
  return moved('GET', `${call.api}${place}${call.path.split(/\/issues\/\d+/)[1] ?? ''}`)
}

const SORTS: Readonly<Record<string, (issue: Issue) => number>> = {
  created: ({ createdAt }) => createdAt,
  updated: ({ updatedAt }) => updatedAt,
  comments: ({ comments }) => comments,
}

const isWanted = ({ parameters }: Call) => {
  const state = parameters.state ?? 'open'
  const since =
    parameters.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(String(parameters.since))
  const creator =
    parameters.creator === undefined ? undefined : String(parameters.creator).toLowerCase()
  const labels = String(parameters.labels ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean)
  return (issue: Issue): boolean =>
    (state === 'all' || state === issue.state) &&
    Math.floor(issue.updatedAt / 1000) * 1000 >= since &&
    (creator === undefined || creator === issue.author.login.toLowerCase()) &&
    labels.every((label) => issue.labels.some(({ name }) => name.toLowerCase() === label))
}

export const listIssues: Handler = reading((call, repository) => {
  const value = SORTS[String(call.parameters.sort ?? 'created')] ?? (() => 0)
  const sign = call.parameters.direction === 'asc' ? 1 : -1
  const issues = call.world
    .listIssues(repository)
    .filter((issue) => repository.hasIssues || issue.isPullRequest)
    .filter(isWanted(call))
    .sort((a, b) => sign * (value(a) - value(b) || a.number - b.number))
  return answerPage(call, repository, issues, (issue) =>
    serializeIssue(call.api, repository, issue),
  )
})

export const getIssue: Handler = reading((call, repository) =>
  withIssue(
    call,
    repository,
    (issue) => ok(serializeIssue(call.api, repository, issue, true)),
    true,
  ),
)

export const postIssue: Handler = writing((call, repository) => {
  if (!repository.hasIssues) return issuesDisabled()
  const errors = [...checkTexts(call.body), ...checkLabels(call.body.labels)]
  if (errors.length > 0) return validationFailed(errors)
  const issue = createIssue(call.world, repository, call.credential.user, {
    title: String(call.body.title),
    body: (call.body.body ?? null) as string | null,
    labels: call.credential.rights === 'push' ? toLabelNames(call.body.labels) : [],
  })
  const body = serializeIssue(call.api, repository, issue, true)
  return { status: 201, body, headers: { location: body.url } }
})

/** The id as a bigint if it is beyond what a number holds; JSON.parse would have rounded it. */
const readDuplicateOf = (text: string): Id | null => {
  const digits = /(?<!\\)"duplicate_issue_id"\s*:\s*(\d+)/.exec(text)?.[1]
  if (digits === undefined) return null
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits)
}

const toEdit = (call: Call): IssueEdit => {
  const { title, body, state, state_reason, labels } = call.body
  return {
    ...(title !== undefined && title !== null && { title: String(title) }),
    ...(body !== undefined && { body: body as string | null }),
    ...(state !== undefined && { state: state as Issue['state'] }),
    ...(state_reason !== undefined && { stateReason: state_reason as StateReason | null }),
    ...(labels !== undefined &&
      call.credential.rights === 'push' && { labels: toLabelNames(labels) }),
    duplicateOf: readDuplicateOf(call.text),
  }
}

export const patchIssue: Handler = writing((call, repository) =>
  withIssue(call, repository, (issue) => {
    const { user, rights } = call.credential
    if (rights !== 'push' && issue.author !== user)
      return forbidden('Must have admin rights to Repository.')
    const errors = [...checkTexts(call.body), ...checkLabels(call.body.labels)]
    if (errors.length > 0) return validationFailed(errors)
    return ok(
      serializeIssue(
        call.api,
        repository,
        editIssue(call.world, repository, issue, user, toEdit(call)),
        true,
      ),
    )
  }),
)
