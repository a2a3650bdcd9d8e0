import type { SyncError } from '../issue/task-sync.ts'

/** Reasons that block the whole sync. */
export const BLOCKS = {
  unauthorized: {
    code: 'unauthorized',
    detail: 'GitHub does not accept the credential',
    action:
      'Set GITHUB_TOKEN, or the keys of the GitHub App, to one that is valid, and start the service again',
  },
  forbidden: {
    code: 'forbidden',
    detail: 'The credential may not write issues of the repository',
    action: 'Give the token or the app «Issues: read and write» for the repository',
  },
  repositoryNotFound: {
    code: 'repository_not_found',
    detail: 'The repository was not found, or the credential has no access to it',
    action: 'Check GITHUB_REPOSITORY, and give the credential access to it',
  },
  repositoryReplaced: {
    code: 'repository_replaced',
    detail: 'Another repository now has the name of the repository that the issues are in',
    action: 'Set GITHUB_REPOSITORY to the current name of the repository',
  },
  repositoryArchived: {
    code: 'repository_archived',
    detail: 'The repository is archived, so its issues are read-only',
    action:
      'Unarchive the repository in its settings at GitHub; the sync then continues automatically',
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

/** No answer came to the opening of an issue. */
export const unconfirmed = (detail: string): SyncError => ({
  code: 'unconfirmed',
  detail: `${detail}: the issue may have been created anyway`,
  action:
    'No action needed; the service searches for the issue and creates it only if it is not found',
})

/** The issue can't be read where it was. */
export const ISSUE_DELETED: SyncError = {
  code: 'issue_deleted',
  detail: 'The issue was deleted at GitHub, or can no longer be read',
  action: 'No action needed; the task is kept without an issue',
}

export const transferred = (location: string): SyncError => ({
  code: 'issue_transferred',
  detail: `The issue was moved to another repository: ${location}`,
  action:
    'No action needed; the task is kept without an issue, and linked again if the issue is moved back',
})

/** The issue is linked, but its labels are not ours to set. */
export const LABELS_DROPPED: SyncError = {
  code: 'labels_dropped',
  detail: 'GitHub ignores labels because the credential may not set them',
  action:
    'Give the credential the right to push or triage, then try again with POST /tasks/{id}/sync',
}
