import { type Answer, notFound, ok, refusal, validationFailed } from '../answer.ts'
import { type Call, type Handler, pushing, reading } from '../call.ts'
import { editIssue } from '../changes.ts'
import { answerPage } from '../paging.ts'
import type { Issue, Repository } from '../records.ts'
import { serializeLabel } from '../serialize.ts'
import { withIssue } from './issues.ts'
import { checkLabels, toLabelNames } from './label-names.ts'

const namesOf = (issue: Issue): string[] => issue.labels.map(({ name }) => name)

const relabel = (
  call: Call,
  repository: Repository,
  issue: Issue,
  labels: readonly string[],
): Answer => {
  const errors = checkLabels(labels)
  if (errors.length > 0) return validationFailed(errors)
  const edited = editIssue(call.world, repository, issue, call.credential.user, { labels })
  return ok(edited.labels.map((label) => serializeLabel(call.api, repository, label)))
}

export const listIssueLabels: Handler = reading((call, repository) =>
  withIssue(
    call,
    repository,
    (issue) =>
      answerPage(call, repository, issue.labels, (label) =>
        serializeLabel(call.api, repository, label),
      ),
    true,
  ),
)

export const addIssueLabels: Handler = pushing((call, repository) =>
  withIssue(call, repository, (issue) =>
    relabel(call, repository, issue, [...namesOf(issue), ...toLabelNames(call.body.labels)]),
  ),
)

export const setIssueLabels: Handler = pushing((call, repository) =>
  withIssue(call, repository, (issue) =>
    relabel(call, repository, issue, toLabelNames(call.body.labels)),
  ),
)

export const removeIssueLabels: Handler = pushing((call, repository) =>
  withIssue(call, repository, (issue) => {
    relabel(call, repository, issue, [])
    return { status: 204 }
  }),
)

export const removeIssueLabel: Handler = pushing((call, repository) =>
  withIssue(call, repository, (issue) => {
    const name = String(call.parameters.name).toLowerCase()
    const others = namesOf(issue).filter((each) => each.toLowerCase() !== name)
    if (others.length === issue.labels.length) return refusal(404, 'Label does not exist')
    return relabel(call, repository, issue, others)
  }),
)

export const listLabels: Handler = reading((call, repository) =>
  answerPage(call, repository, [...repository.labels.values()], (label) =>
    serializeLabel(call.api, repository, label),
  ),
)

export const getLabel: Handler = reading((call, repository) => {
  const label = repository.labels.get(String(call.parameters.name).toLowerCase())
  return label === undefined ? notFound() : ok(serializeLabel(call.api, repository, label))
})

export const postLabel: Handler = pushing((call, repository) => {
  const {
    name,
    color = 'ededed',
    description = null,
  } = call.body as {
    readonly name: string
    readonly color?: string
    readonly description?: string | null
  }
  const errors = checkLabels([name])
  if (errors.length > 0) return validationFailed(errors)
  if (!/^[\da-f]{6}$/i.test(color))
    return validationFailed([{ resource: 'Label', code: 'invalid', field: 'color' }])
  if (repository.labels.has(name.toLowerCase()))
    return validationFailed([{ resource: 'Label', code: 'already_exists', field: 'name' }])
  const label = serializeLabel(
    call.api,
    repository,
    call.world.label(repository, name, { color, description }),
  )
  return { status: 201, body: label, headers: { location: label.url } }
})
