import type { LinkedIssue } from './issue-link.ts'
import type { IssueState } from './issue-mapping.ts'

/** An issue as GitHub returned it. */
export interface RemoteIssue extends Required<LinkedIssue>, IssueState {
  readonly author: string
  readonly isPullRequest: boolean
}

interface IssueJson {
  /** A bigint where a number would lose its end: Octokit parses so. */
  readonly id: number | bigint
  readonly number: number
  readonly html_url: string
  readonly title: string
  readonly body?: string | null
  readonly state: string
  readonly labels: readonly (string | { readonly name?: string | null })[]
  readonly user: { readonly login: string } | null
  readonly pull_request?: unknown
  readonly created_at: string
  readonly updated_at: string
}

/** From the JSON of an issue: https://docs.github.com/rest/issues/issues */
export const toRemoteIssue = (data: unknown): RemoteIssue => {
  const issue = data as IssueJson
  return {
    id: String(issue.id),
    number: issue.number,
    url: issue.html_url,
    title: issue.title,
    body: issue.body ?? '',
    isOpen: issue.state === 'open',
    labels: issue.labels.flatMap((label) =>
      typeof label === 'string' ? label : (label.name ?? []),
    ),
    author: issue.user?.login ?? '',
    isPullRequest: issue.pull_request !== undefined && issue.pull_request !== null,
    createdAt: Date.parse(issue.created_at),
    updatedAt: issue.updated_at,
  }
}

export const toLinkedIssue = ({
  id,
  number,
  url,
  updatedAt,
  createdAt,
}: RemoteIssue): LinkedIssue => ({
  id,
  number,
  url,
  updatedAt,
  createdAt,
})
