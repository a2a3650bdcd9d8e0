import type { SyncError } from '../../core/task-sync.ts'

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
  repositoryArchived: {
    code: 'repository_archived',
    detail: 'The repository is archived, so its issues are read-only',
    action: 'Unarchive the repository in its settings at GitHub; the sync then continues automatically',
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
export const uncertain = (detail: string): SyncError => ({
  code: 'uncertain',
  detail: `${detail}: the issue may have been opened all the same`,
  action: 'None: the issue is looked for, and opened again only when it is not there',
})

/** The issue can't be read where it was. */
export const ISSUE_DELETED: SyncError = {
  code: 'issue_deleted',
  detail: 'The issue was deleted at GitHub, or can no longer be read',
  action: 'None is needed: the task lives on without it',
}

export const transferred = (location: string): SyncError => ({
  code: 'issue_transferred',
  detail: `The issue was moved to another repository: ${location}`,
  action: 'None is needed: the task lives on without it; moved back, it is found by itself',
})

/** The issue is linked, but its labels are not ours to set. */
export const LABELS_DROPPED: SyncError = {
  code: 'labels_dropped',
  detail: 'GitHub drops the labels that we set, as the credential may not set any',
  action: 'Give the credential the right to push or triage, then try again with POST /tasks/{id}/sync',
}
