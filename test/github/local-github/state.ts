import {
  fullName,
  type Id,
  type Issue,
  type IssueEvent,
  type Label,
  type Repository,
  type User,
} from './records.ts'

export interface StateOptions {
  readonly now: () => number
  /** Gives issues ids beyond 2^53. */
  readonly hugeIds: boolean
}

/** How far the reads are behind the writes, in milliseconds of the world's clock. */
export interface Lag {
  readonly lists?: number
  readonly reads?: number
}

export type GithubState = ReturnType<typeof createState>

const FIRST_ID = 2_900_000_001
const FIRST_HUGE_ID = 9_007_199_254_740_993n

/** All that GitHub holds. Who may do what, and how it is asked for, is none of its business. */
export const createState = ({ now, hugeIds }: StateOptions) => {
  let lag: Lag = {}
  let [lastId, lastIssue] = [1000, 0]
  const users = new Map<string, User>()
  const repositories = new Map<number, Repository>()
  const names = new Map<string, number>()
  const events: IssueEvent[] = []
  const listeners: Array<(event: IssueEvent) => void> = []

  const newId = (): number => {
    lastId += 1
    return lastId
  }

  const user = (login: string, type: User['type'] = 'User'): User => {
    const known = users.get(login.toLowerCase())
    if (known !== undefined) return known
    const made = { id: newId(), login, type }
    users.set(login.toLowerCase(), made)
    return made
  }

  const findRepository = (name: string): Repository | undefined =>
    repositories.get(names.get(name.toLowerCase()) ?? 0)

  const addRepository = (name: string): Repository => {
    const [owner = '', repo = ''] = name.split('/')
    const made: Repository = {
      id: newId() + 600_000_000,
      owner: user(owner, users.get(owner.toLowerCase())?.type ?? 'Organization'),
      name: repo,
      hasIssues: true,
      isPrivate: true,
      isArchived: false,
      isGone: false,
      nextNumber: 1,
      createdAt: now(),
      issues: new Map(),
      labels: new Map(),
      comments: [],
    }
    repositories.set(made.id, made)
    names.set(name.toLowerCase(), made.id)
    return made
  }

  /** The state that a reader sees who is `behind` milliseconds late; undefined when it did not exist yet. */
  const stateOf = (states: readonly Issue[] | undefined, behind = 0): Issue | undefined =>
    states?.findLast(
      (state, index) => (index === 0 ? state.createdAt : state.updatedAt) <= now() - behind,
    )

  return {
    now,
    newId,
    user,
    findUser: (login: string): User | undefined => users.get(login.toLowerCase()),
    addRepository,
    findRepository,
    repositories: (): readonly Repository[] => [...repositories.values()],
    repositoryById: (id: number): Repository | undefined => repositories.get(id),
    /** Renames or transfers: the former name goes on to lead here. */
    moveRepository(repository: Repository, name: string): void {
      const [owner = '', repo = ''] = name.split('/')
      repository.owner = user(owner, 'Organization')
      repository.name = repo
      names.set(fullName(repository).toLowerCase(), repository.id)
    },
    newIssueId(): Id {
      lastIssue += 2
      return hugeIds ? FIRST_HUGE_ID + BigInt(lastIssue) : FIRST_ID + lastIssue
    },
    saveIssue(issue: Issue): Issue {
      const { issues } = repositories.get(issue.repositoryId) as Repository
      issues.set(issue.number, [...(issues.get(issue.number) ?? []), issue])
      return issue
    },
    /** As it is, whatever the lag. */
    issue: (repository: Repository, number: number): Issue | undefined =>
      repository.issues.get(number)?.at(-1),
    readIssue: (repository: Repository, number: number): Issue | undefined =>
      stateOf(repository.issues.get(number), lag.reads),
    listIssues: (repository: Repository): Issue[] =>
      [...repository.issues.values()]
        .flatMap((states) => stateOf(states, lag.lists) ?? [])
        .filter(({ fate }) => fate === 'here'),
    /** The repository's label of that name, made if there is none. */
    label(
      repository: Repository,
      name: string,
      details: Partial<Pick<Label, 'color' | 'description'>> = {},
    ): Label {
      const known = repository.labels.get(name.toLowerCase())
      if (known !== undefined) return known
      const { color = 'ededed', description = null } = details
      const made = { id: newId(), name, color, description }
      repository.labels.set(name.toLowerCase(), made)
      return made
    },
    setLag(next: Lag): void {
      lag = next
    },
    events,
    emit(event: IssueEvent): void {
      events.push(event)
      for (const listener of listeners) listener(event)
    },
    onEvent(listener: (event: IssueEvent) => void): void {
      listeners.push(listener)
    },
  }
}
