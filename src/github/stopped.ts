import type { SyncError } from '../core/task-sync.ts'

/** GitHub wants no call before `until`: the step is left as it is, and this is no failure of it. */
export class Paused extends Error {
  override readonly name = 'Paused'
  readonly until: number

  constructor(until: number) {
    super('no call to GitHub before the end of a limit')
    this.until = until
  }
}

/** Nothing goes with this credential and repository until a person mends it. `taskId` is whose job was refused, where it was one. */
export class Blocked extends Error {
  override readonly name = 'Blocked'
  readonly reason: SyncError
  readonly taskId: string | undefined

  constructor(reason: SyncError, taskId?: string) {
    super(reason.detail)
    this.reason = reason
    this.taskId = taskId
  }
}

/** A call failed in a way that the next try may mend. */
export class Failed extends Error {
  override readonly name = 'Failed'
  readonly code: string

  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

/** GitHub refused this very issue, and its link says so: the step ends here. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** Why nothing goes, by the status that GitHub answers to whatever is asked of the repository. */
export const BLOCKS = {
  unauthorized: {
    code: 'unauthorized',
    detail: 'GitHub does not accept the credential',
    action: 'Set GITHUB_TOKEN, or the keys of the GitHub App, to one that is valid, and start the service again',
  },
  forbidden: {
    code: 'forbidden',
    detail: 'The credential may not write issues of the repository',
    action: 'Give the token or the app «Issues: read and write» for the repository',
  },
  repositoryNotFound: {
    code: 'repository_not_found',
    detail: 'The repository is not there, or the credential may not see it',
    action: 'Check GITHUB_REPOSITORY, and give the credential access to it',
  },
  repositoryReplaced: {
    code: 'repository_replaced',
    detail: 'Another repository has taken the name of the one that the issues are in',
    action: 'Set GITHUB_REPOSITORY to the name that the repository has now',
  },
  issuesDisabled: {
    code: 'issues_disabled',
    detail: 'The repository has no issues',
    action: "Switch on issues in the repository's settings",
  },
} as const satisfies Record<string, SyncError>

/** GitHub refused this very issue. */
export const invalidIssue = (message: string): SyncError => ({
  code: 'invalid',
  detail: `GitHub refuses the text of the issue: ${message}`,
  action: 'Change the task, or try again with POST /tasks/{id}/sync',
})
