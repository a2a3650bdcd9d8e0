import {
  commentOn,
  createIssue,
  deleteIssue,
  editIssue,
  type NewIssue,
  transferIssue,
} from './changes.ts'
import { fullName, type Issue, type Repository, type StateReason } from './records.ts'
import type { GithubState } from './state.ts'

/** The hands of a person at github.com, who may do everything. */
export interface UserActions {
  readonly open: (issue: NewIssue) => Issue
  readonly openPullRequest: (pullRequest: NewIssue) => Issue
  readonly edit: (
    number: number,
    texts: { readonly title?: string; readonly body?: string | null },
  ) => Issue
  readonly close: (number: number, reason?: StateReason) => Issue
  readonly reopen: (number: number) => Issue
  readonly label: (number: number, ...names: readonly string[]) => Issue
  readonly unlabel: (number: number, ...names: readonly string[]) => Issue
  readonly comment: (number: number, body: string) => void
  readonly delete: (number: number) => void
  /** To another repository of this GitHub, by `owner/name`; returns what it is there. */
  readonly transfer: (number: number, to: string) => Issue
}

export const createUserActions = (
  world: GithubState,
  repository: Repository,
  login: string,
): UserActions => {
  const user = world.user(login)
  const find = (number: number): Issue => {
    const issue = world.issue(repository, number)
    if (issue?.fate !== 'here')
      throw new Error(`${fullName(repository)} has no issue ${number} (any more)`)
    return issue
  }
  const edit = (number: number, change: Parameters<typeof editIssue>[4]): Issue =>
    editIssue(world, repository, find(number), user, change)
  const namesOf = (number: number): string[] => find(number).labels.map(({ name }) => name)
  return {
    open: (issue) => createIssue(world, repository, user, issue),
    openPullRequest: (pullRequest) => createIssue(world, repository, user, pullRequest, true),
    edit,
    close: (number, reason = 'completed') => edit(number, { state: 'closed', stateReason: reason }),
    reopen: (number) => edit(number, { state: 'open' }),
    label: (number, ...names) => edit(number, { labels: [...namesOf(number), ...names] }),
    unlabel(number, ...names) {
      const gone = names.map((name) => name.toLowerCase())
      return edit(number, {
        labels: namesOf(number).filter((name) => !gone.includes(name.toLowerCase())),
      })
    },
    comment: (number, body) => void commentOn(world, repository, find(number), user, body),
    delete: (number) => deleteIssue(world, repository, find(number), user),
    transfer(number, to) {
      const target = world.findRepository(to)
      if (target === undefined) throw new Error(`there is no repository ${to}`)
      return transferIssue(world, repository, find(number), target, user)
    },
  }
}
