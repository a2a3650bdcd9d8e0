/** GitHub's ids pass 2^53, which a JSON number of ours does not: such ones are bigints here, and plain digits on the wire. */
export type Id = number | bigint

export interface User {
  readonly id: number
  readonly login: string
  readonly type: 'User' | 'Bot' | 'Organization'
}

export interface Label {
  readonly id: number
  readonly name: string
  readonly color: string
  readonly description: string | null
}

export type StateReason = 'completed' | 'not_planned' | 'duplicate' | 'reopened'

/** One state of an issue; a change makes another. Times are milliseconds since the epoch. */
export interface Issue {
  readonly id: Id
  readonly repositoryId: number
  readonly number: number
  readonly title: string
  readonly body: string | null
  readonly state: 'open' | 'closed'
  readonly stateReason: StateReason | null
  readonly duplicateOf: Id | null
  readonly labels: readonly Label[]
  readonly author: User
  readonly closedBy: User | null
  readonly comments: number
  readonly isPullRequest: boolean
  readonly createdAt: number
  readonly updatedAt: number
  readonly closedAt: number | null
  /** `here`, or what became of it. */
  readonly fate: 'here' | 'deleted' | { readonly repositoryId: number; readonly number: number }
}

export interface Comment {
  readonly id: number
  readonly issueNumber: number
  readonly author: User
  readonly body: string
  readonly createdAt: number
}

export interface Repository {
  readonly id: number
  owner: User
  name: string
  hasIssues: boolean
  isPrivate: boolean
  isArchived: boolean
  isGone: boolean
  nextNumber: number
  readonly createdAt: number
  /** Each issue's states, oldest first, as a lagging read shows a former one. */
  readonly issues: Map<number, Issue[]>
  /** By name in lower case: GitHub tells no labels apart by case. */
  readonly labels: Map<string, Label>
  readonly comments: Comment[]
}

export const fullName = (repository: Repository): string =>
  `${repository.owner.login}/${repository.name}`

/** What a webhook tells. */
export interface IssueEvent {
  readonly event: 'issues' | 'issue_comment' | 'pull_request'
  readonly action: string
  readonly repository: Repository
  readonly issue: Issue
  readonly sender: User
  readonly at: number
  readonly label?: Label
  readonly comment?: Comment
  readonly changes?: Readonly<Record<string, unknown>>
}
