import { fullName, type Repository } from './records.ts'
import { serializeUser, toNodeId, toTime, WEB } from './serialize.ts'

const LINKS: Readonly<Record<string, string>> = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
}

const countOpen = (repository: Repository): number =>
  [...repository.issues.values()].filter((states) => {
    const issue = states.at(-1)
    return issue?.state === 'open' && issue.fate === 'here'
  }).length

export const serializeRepository = (api: string, repository: Repository) => {
  const name = fullName(repository)
  const url = `${api}/repos/${name}`
  const links = Object.fromEntries(
    Object.entries(LINKS).map(([key, path]) => [key, `${url}${path}`]),
  )
  const open = countOpen(repository)
  return {
    id: repository.id,
    node_id: toNodeId('R', repository.id),
    name: repository.name,
    full_name: name,
    private: repository.isPrivate,
    owner: serializeUser(api, repository.owner),
    html_url: `${WEB}/${name}`,
    description: null,
    fork: false,
    url,
    ...links,
    git_url: `git://github.com/${name}.git`,
    ssh_url: `git@github.com:${name}.git`,
    clone_url: `${WEB}/${name}.git`,
    svn_url: `${WEB}/${name}`,
    homepage: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: repository.hasIssues,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: repository.isArchived,
    disabled: false,
    open_issues_count: open,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.isPrivate ? 'private' : 'public',
    forks: 0,
    open_issues: open,
    watchers: 0,
    default_branch: 'main',
    created_at: toTime(repository.createdAt),
    updated_at: toTime(repository.createdAt),
    pushed_at: toTime(repository.createdAt),
  }
}

/** As `GET /repos/{owner}/{repo}` shows it. */
export const serializeWholeRepository = (
  api: string,
  repository: Repository,
  rights: { readonly push: boolean },
) => ({
  ...serializeRepository(api, repository),
  permissions: {
    admin: false,
    maintain: false,
    push: rights.push,
    triage: rights.push,
    pull: true,
  },
  network_count: 0,
  subscribers_count: 0,
})
