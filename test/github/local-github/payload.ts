import type { Issue, IssueEvent, Repository, User } from './records.ts'
import {
  serializeComment,
  serializeIssue,
  serializeLabel,
  serializeUser,
  toNodeId,
} from './serialize.ts'
import { serializeRepository } from './serialize-repository.ts'

/** A transfer's changes hold whole issues and repositories. */
const presentChanges = (api: string, event: IssueEvent): unknown => {
  if (event.changes === undefined) return undefined
  const { new_issue, new_repository, old_issue, old_repository, ...texts } = event.changes
  if (new_issue !== undefined) {
    const repository = new_repository as Repository
    return {
      new_issue: serializeIssue(api, repository, new_issue as Issue),
      new_repository: serializeRepository(api, repository),
    }
  }
  if (old_issue === undefined) return texts
  const repository = old_repository as Repository
  return {
    old_issue: serializeIssue(api, repository, old_issue as Issue),
    old_repository: serializeRepository(api, repository),
  }
}

const presentOrganization = (api: string, { login, id }: User) => {
  const url = `${api}/orgs/${login}`
  return {
    login,
    id,
    node_id: toNodeId('O', id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    description: null,
  }
}

/** What GitHub posts about an event, in the shape of its `issues` payloads. */
export const toPayload = (api: string, event: IssueEvent, installationId: number | undefined) => {
  const { repository, issue, action, label, comment } = event
  const changes = presentChanges(api, event)
  return {
    action,
    ...(event.event === 'pull_request'
      ? { number: issue.number, pull_request: serializeIssue(api, repository, issue) }
      : { issue: serializeIssue(api, repository, issue) }),
    ...(label !== undefined && { label: serializeLabel(api, repository, label) }),
    ...(comment !== undefined && { comment: serializeComment(api, repository, comment) }),
    ...(changes !== undefined && { changes }),
    repository: serializeRepository(api, repository),
    ...(repository.owner.type === 'Organization' && {
      organization: presentOrganization(api, repository.owner),
    }),
    sender: serializeUser(api, event.sender),
    ...(installationId !== undefined && {
      installation: { id: installationId, node_id: `MDIz${installationId}` },
    }),
  }
}

export const toPing = (api: string, hookId: number, repository: Repository) => ({
  zen: 'Speak like a human.',
  hook_id: hookId,
  hook: {
    type: 'Repository',
    id: hookId,
    name: 'web',
    active: true,
    events: ['issues'],
    config: { content_type: 'json' },
  },
  repository: serializeRepository(api, repository),
  sender: serializeUser(api, repository.owner),
})
