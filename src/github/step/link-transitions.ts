import { LABELS_DROPPED } from '../api/error-catalog.ts'
import type { GithubClock } from '../api/github-clock.ts'
import { type IssueLink, nextStatus, type SyncedFields } from '../issue/issue-link.ts'
import { fromIssue } from '../issue/issue-mapping.ts'
import { inferMergeBase } from '../issue/merge-base.ts'
import { type RemoteIssue, toLinkedIssue } from '../issue/remote-issue.ts'
import type { SyncError } from '../issue/task-sync.ts'
import { withoutCreateOf } from './open-creates.ts'

/** Why a try failed: a name for programs, and words. */
type Reason = Omit<SyncError, 'action'>

type Clock = Pick<GithubClock, 'now' | 'toOurs'>

const DAY_MS = 24 * 60 * 60 * 1000
const LONGEST_WAIT_MS = 60 * 60 * 1000

/** The issue is known: equal to the task as of a version, unless the task has gone on since. */
export const toSynced = (
  link: IssueLink,
  issue: RemoteIssue,
  base: SyncedFields,
  version: number,
  now: number,
): IssueLink => {
  const isBehind = link.isDeleted || link.wantedVersion > version
  return {
    ...succeeded(link),
    status: isBehind ? 'outdated' : 'linked',
    syncedVersion: version,
    issue: toLinkedIssue(issue),
    base,
    sent: null,
    nextAttemptAt: isBehind ? now : null,
    lastSyncedAt: isBehind ? link.lastSyncedAt : now,
    error: link.areLabelsDropped ? LABELS_DROPPED : null,
  }
}

/**
 * An issue that we created earlier was found: both sides are merged next. Until somebody edits it,
 * it shows what we sent, in this or an earlier attempt.
 */
export const toAdopted = (link: IssueLink, issue: RemoteIssue, now: number): IssueLink => ({
  ...succeeded(withoutCreateOf(link, issue)),
  status: 'outdated',
  issue: toLinkedIssue(issue),
  base:
    link.issue === null && link.base && link.before
      ? inferMergeBase(link.base, link.before.fields, issue)
      : link.base,
  before: null,
  sent: isUntouched(issue) ? fromIssue(issue, link.sent) : link.sent,
  nextAttemptAt: now,
  error: null,
})

export const isUntouched = ({ createdAt, updatedAt }: RemoteIssue): boolean =>
  createdAt === Date.parse(updatedAt)

const succeeded = (link: IssueLink): IssueLink => ({
  ...link,
  lookups: 0,
  attempts: 0,
  failingSince: null,
})

/**
 * Stops automatic retries: the link waits for a person, its issue is missing, or it was given up.
 * The task stays.
 */
export const toHalted = (
  link: IssueLink,
  status: 'blocked' | 'issue_missing' | 'failed',
  error: SyncError,
): IssueLink => ({
  ...link,
  status,
  nextAttemptAt: null,
  error,
})

/**
 * To be tried again after a wait that doubles, at random within it; given up after a day of nothing
 * but failures.
 */
export const toRetry = (
  link: IssueLink,
  reason: Reason,
  retryBaseMs: number,
  clock: Clock,
): IssueLink => {
  const now = clock.now()
  const failing = { ...link, attempts: link.attempts + 1, failingSince: link.failingSince ?? now }
  if (hasFailedForADay(failing, now)) return toFailed(failing, reason)
  const wait =
    Math.random() * Math.min(LONGEST_WAIT_MS, retryBaseMs * 2 ** Math.min(link.attempts, 20))
  return {
    ...failing,
    status: nextStatus(link),
    nextAttemptAt: clock.toOurs(now + Math.ceil(wait)),
    error: { ...reason, action: 'No action needed; it is retried automatically' },
  }
}

/**
 * An issue that may have been created was not found. It is looked for again and then created once
 * more; what was sent is remembered in case it still shows up. Given up after a day without
 * success.
 */
export const toNotFound = (
  link: IssueLink,
  lookupDelaysMs: readonly number[],
  clock: Clock,
): IssueLink => {
  const now = clock.now()
  const next = { ...link, lookups: link.lookups + 1, attempts: 0 }
  const delay = lookupDelaysMs[next.lookups]
  if (delay !== undefined)
    return {
      ...next,
      status: 'unconfirmed',
      nextAttemptAt: clock.toOurs(Math.max(now, (link.sentAt ?? now) + delay)),
    }
  /** Both the first and the latest of what was sent are remembered. */
  const isFirst = link.base === null || link.sent === null
  const known = isFirst
    ? { base: link.base ?? link.sent }
    : { before: { fields: link.sent, until: 0 } }
  const unsent = { ...next, ...known, sent: null }
  if (hasFailedForADay(link, now))
    return toFailed(unsent, {
      code: 'unavailable',
      detail: 'GitHub has not opened the issue for a day',
    })
  return { ...unsent, status: 'pending', nextAttemptAt: clock.toOurs(now) }
}

const hasFailedForADay = ({ failingSince }: IssueLink, now: number): boolean =>
  failingSince !== null && now - failingSince >= DAY_MS

const toFailed = (link: IssueLink, reason: Reason): IssueLink =>
  toHalted(link, 'failed', { ...reason, action: 'Try again with POST /tasks/{id}/sync' })
