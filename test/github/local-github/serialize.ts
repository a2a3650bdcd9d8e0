import {
  type Comment,
  fullName,
  type Issue,
  type Label,
  type Repository,
  type User,
} from './records.ts'

export const WEB = 'https://github.com'

/** GitHub's times have no fraction of a second. */
export const toTime = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z')

export const toNodeId = (kind: string, id: number | bigint): string =>
  `${kind}_${Buffer.from(String(id)).toString('base64url')}`

export const serializeUser = (api: string, user: User) => {
  const url = `${api}/users/${encodeURIComponent(user.login)}`
  return {
    login: user.login,
    id: user.id,
    node_id: toNodeId('U', user.id),
    avatar_url: `https://avatars.githubusercontent.com/u/${user.id}?v=4`,
    gravatar_id: '',
    url,
    html_url:
      user.type === 'Bot'
        ? `${WEB}/apps/${user.login.replace('[bot]', '')}`
        : `${WEB}/${user.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: user.type,
    user_view_type: 'public',
    site_admin: false,
  }
}

export const serializeLabel = (api: string, repository: Repository, label: Label) => ({
  id: label.id,
  node_id: toNodeId('LA', label.id),
  url: `${api}/repos/${fullName(repository)}/labels/${encodeURIComponent(label.name)}`,
  name: label.name,
  color: label.color,
  default: false,
  description: label.description,
})

/** Nobody reacts here. */
const presentReactions = (url: string) => ({
  url: `${url}/reactions`,
  total_count: 0,
  '+1': 0,
  '-1': 0,
  laugh: 0,
  hooray: 0,
  confused: 0,
  heart: 0,
  rocket: 0,
  eyes: 0,
})

const presentPullRequest = (api: string, repository: Repository, issue: Issue) => {
  const web = `${WEB}/${fullName(repository)}/pull/${issue.number}`
  const url = `${api}/repos/${fullName(repository)}/pulls/${issue.number}`
  return {
    draft: false,
    pull_request: {
      url,
      html_url: web,
      diff_url: `${web}.diff`,
      patch_url: `${web}.patch`,
      merged_at: null,
    },
  }
}

/** `closed_by` is shown with the one issue only, not in lists. */
export const serializeIssue = (
  api: string,
  repository: Repository,
  issue: Issue,
  isWhole = false,
) => {
  const name = fullName(repository)
  const url = `${api}/repos/${name}/issues/${issue.number}`
  return {
    url,
    repository_url: `${api}/repos/${name}`,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: `${WEB}/${name}/${issue.isPullRequest ? 'pull' : 'issues'}/${issue.number}`,
    id: issue.id,
    node_id: toNodeId(issue.isPullRequest ? 'PR' : 'I', issue.id),
    number: issue.number,
    title: issue.title,
    user: serializeUser(api, issue.author),
    labels: issue.labels.map((label) => serializeLabel(api, repository, label)),
    state: issue.state,
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments,
    created_at: toTime(issue.createdAt),
    updated_at: toTime(issue.updatedAt),
    closed_at: issue.closedAt === null ? null : toTime(issue.closedAt),
    author_association: issue.author.id === repository.owner.id ? 'OWNER' : 'COLLABORATOR',
    active_lock_reason: null,
    ...(issue.isPullRequest && presentPullRequest(api, repository, issue)),
    body: issue.body,
    ...(isWhole && {
      closed_by: issue.closedBy === null ? null : serializeUser(api, issue.closedBy),
    }),
    reactions: presentReactions(url),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    state_reason: issue.stateReason,
  }
}

export const serializeComment = (api: string, repository: Repository, comment: Comment) => {
  const name = fullName(repository)
  return {
    url: `${api}/repos/${name}/issues/comments/${comment.id}`,
    html_url: `${WEB}/${name}/issues/${comment.issueNumber}#issuecomment-${comment.id}`,
    issue_url: `${api}/repos/${name}/issues/${comment.issueNumber}`,
    id: comment.id,
    node_id: toNodeId('IC', comment.id),
    user: serializeUser(api, comment.author),
    created_at: toTime(comment.createdAt),
    updated_at: toTime(comment.createdAt),
    author_association: 'COLLABORATOR',
    body: comment.body,
    reactions: presentReactions(`${api}/repos/${name}/issues/comments/${comment.id}`),
    performed_via_github_app: null,
  }
}
