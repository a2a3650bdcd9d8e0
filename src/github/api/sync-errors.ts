import type { SyncError } from '../issue/task-sync.ts'

/**
 * GitHub's rate limit allows no call before `until`. The step stays as it is and does not count as
 * failed.
 */
export class RateLimited extends Error {
  override readonly name = 'Paused'
  readonly until: number

  constructor(until: number) {
    super('no call to GitHub before the end of a limit')
    this.until = until
  }
}

/**
 * Nothing goes with this credential and repository until a person mends it. `taskId` is whose job
 * was refused, where it was one.
 */
export class AccessBlocked extends Error {
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
export class TransientFailure extends Error {
  override readonly name = 'Failed'
  readonly code: string

  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

/** GitHub refused this very issue, and its link says so: the step ends here. */
export class IssueRejected extends Error {
  override readonly name = 'Refused'
}
