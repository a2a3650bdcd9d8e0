import {
  fullName,
  type Issue,
  type IssueEvent,
  type Label,
  type Repository,
  type StateReason,
  type User,
} from './records.ts'
import type { GithubState } from './state.ts'

export interface NewIssue {
  readonly title: string
  readonly body?: string | null
  readonly labels?: readonly string[]
}

export interface IssueEdit {
  readonly title?: string
  readonly body?: string | null
  readonly state?: 'open' | 'closed'
  readonly stateReason?: StateReason | null
  readonly duplicateOf?: Issue['duplicateOf']
  /** All that it shall have. */
  readonly labels?: readonly string[]
}

type Detail = Pick<IssueEvent, 'label' | 'comment' | 'changes'>

const tell = (
  world: GithubState,
  repository: Repository,
  issue: Issue,
  sender: User,
  action: string,
  detail: Detail = {},
): void => {
  const event = issue.isPullRequest ? 'pull_request' : 'issues'
  world.emit({ event, action, repository, issue, sender, at: world.now(), ...detail })
}

/** The labels of these names, made where the repository has none; once each, whatever their case. */
const toLabels = (
  world: GithubState,
  repository: Repository,
  names: readonly string[],
): Label[] => [...new Set(names.map((name) => world.label(repository, name)))]

/** GitHub tells no empty text from none. */
const toBody = (body: string | null | undefined): string | null => (body ? body : null)

export const createIssue = (
  world: GithubState,
  repository: Repository,
  actor: User,
  input: NewIssue,
  isPullRequest = false,
): Issue => {
  const at = world.now()
  const issue = world.saveIssue({
    id: world.newIssueId(),
    repositoryId: repository.id,
    number: repository.nextNumber++,
    title: input.title,
    body: toBody(input.body),
    state: 'open',
    stateReason: null,
    duplicateOf: null,
    labels: toLabels(world, repository, input.labels ?? []),
    author: actor,
    closedBy: null,
    comments: 0,
    isPullRequest,
    createdAt: at,
    updatedAt: at,
    closedAt: null,
    fate: 'here',
  })
  tell(world, repository, issue, actor, 'opened')
  for (const label of issue.labels) tell(world, repository, issue, actor, 'labeled', { label })
  return issue
}

/** The reason counts only where the state changes: so says GitHub's description of its API. */
const toState = (issue: Issue, edit: IssueEdit, actor: User, at: number): Partial<Issue> => {
  if (edit.state === undefined || edit.state === issue.state) return {}
  if (edit.state === 'open')
    return {
      state: 'open',
      stateReason: 'reopened',
      duplicateOf: null,
      closedAt: null,
      closedBy: null,
    }
  const reason = edit.stateReason ?? 'completed'
  const stateReason = reason === 'reopened' ? 'completed' : reason
  const duplicateOf = stateReason === 'duplicate' ? (edit.duplicateOf ?? null) : null
  return { state: 'closed', stateReason, duplicateOf, closedAt: at, closedBy: actor }
}

/** An edit that changes nothing leaves no trace. */
export const editIssue = (
  world: GithubState,
  repository: Repository,
  issue: Issue,
  actor: User,
  edit: IssueEdit,
): Issue => {
  const at = world.now()
  const next: Issue = {
    ...issue,
    ...(edit.title !== undefined && { title: edit.title }),
    ...(edit.body !== undefined && { body: toBody(edit.body) }),
    ...(edit.labels !== undefined && { labels: toLabels(world, repository, edit.labels) }),
    ...toState(issue, edit, actor, at),
    updatedAt: at,
  }
  const added = next.labels.filter((label) => !issue.labels.includes(label))
  const removed = issue.labels.filter((label) => !next.labels.includes(label))
  const changes = {
    ...(next.title !== issue.title && { title: { from: issue.title } }),
    ...(next.body !== issue.body && { body: { from: issue.body ?? '' } }),
  }
  const isEdited = Object.keys(changes).length > 0
  if (!isEdited && added.length + removed.length === 0 && next.state === issue.state) return issue
  world.saveIssue(next)
  if (isEdited) tell(world, repository, next, actor, 'edited', { changes })
  for (const label of removed) tell(world, repository, next, actor, 'unlabeled', { label })
  for (const label of added) tell(world, repository, next, actor, 'labeled', { label })
  if (next.state !== issue.state)
    tell(world, repository, next, actor, next.state === 'closed' ? 'closed' : 'reopened')
  return next
}

export const deleteIssue = (
  world: GithubState,
  repository: Repository,
  issue: Issue,
  actor: User,
): void => {
  world.saveIssue({ ...issue, updatedAt: world.now(), fate: 'deleted' })
  tell(world, repository, issue, actor, 'deleted')
}

/** Moves it: over there it is a new issue, with another id and number. */
export const transferIssue = (
  world: GithubState,
  from: Repository,
  issue: Issue,
  to: Repository,
  actor: User,
): Issue => {
  const at = world.now()
  const labels = toLabels(
    world,
    to,
    issue.labels.map(({ name }) => name),
  )
  const place = { id: world.newIssueId(), repositoryId: to.id, number: to.nextNumber++ }
  const moved = world.saveIssue({ ...issue, ...place, labels, updatedAt: at })
  world.saveIssue({ ...issue, updatedAt: at, fate: { repositoryId: to.id, number: moved.number } })
  tell(world, from, issue, actor, 'transferred', {
    changes: { new_issue: moved, new_repository: to },
  })
  tell(world, to, moved, actor, 'opened', { changes: { old_issue: issue, old_repository: from } })
  return moved
}

export const commentOn = (
  world: GithubState,
  repository: Repository,
  issue: Issue,
  actor: User,
  body: string,
) => {
  const at = world.now()
  const comment = {
    id: world.newId(),
    issueNumber: issue.number,
    author: actor,
    body,
    createdAt: at,
  }
  repository.comments.push(comment)
  const next = world.saveIssue({ ...issue, comments: issue.comments + 1, updatedAt: at })
  world.emit({
    event: 'issue_comment',
    action: 'created',
    repository,
    issue: next,
    sender: actor,
    at,
    comment,
  })
  return comment
}

/** Renames a label wherever it is, as GitHub does: without a word about the issues that bear it. */
export const renameLabel = (
  world: GithubState,
  repository: Repository,
  from: string,
  to: string,
): void => {
  const label = repository.labels.get(from.toLowerCase())
  if (label === undefined) throw new Error(`${fullName(repository)} has no label ${from}`)
  const renamed = { ...label, name: to }
  repository.labels.delete(from.toLowerCase())
  repository.labels.set(to.toLowerCase(), renamed)
  for (const states of repository.issues.values()) {
    const issue = states.at(-1)
    if (issue?.labels.includes(label) !== true) continue
    world.saveIssue({
      ...issue,
      labels: issue.labels.map((known) => (known === label ? renamed : known)),
    })
  }
}
