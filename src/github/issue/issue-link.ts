import type { Companion } from '../../core/companion.ts'
import { formatInstant } from '../../core/instant.ts'
import type { Task, TaskPriority, TaskStatus } from '../../task/task.ts'
import type { SyncError, SyncStatus, TaskSync } from './task-sync.ts'

/** What a task and its issue have in common. */
export interface SyncedFields {
  readonly title: string
  readonly description: string
  readonly status: TaskStatus
  readonly priority: TaskPriority
  readonly labels: readonly string[]
}

export interface LinkedIssue {
  /** GitHub's id of it, as text: it may pass 2^53. */
  readonly id: string
  readonly number: number
  readonly url: string
  /** When it last changed, as GitHub said, to the second. */
  readonly updatedAt: string
  /**
   * When it was opened, in milliseconds since the epoch: it stays the same when the issue is moved.
   * Older links do not have it.
   */
  readonly createdAt?: number
}

/**
 * A create of an issue that GitHub did not confirm: its issue may still show up, as a duplicate.
 */
export interface OpenCreate {
  /** Milliseconds since the epoch. */
  readonly sentAt: number
  /** A digest of the title and the body that were sent. */
  readonly digest: string
  /** The id of its issue, once that is known to be a duplicate. */
  readonly issueId?: string
  /**
   * When GitHub closed the duplicate (`updatedAt` of the issue then). Nothing more is done about
   * it.
   */
  readonly closedAt?: string
}

/**
 * The one job of a task: make its issue equal to version `wantedVersion`. Instants are milliseconds
 * since the epoch; those that are shown (`nextAttemptAt`, `lastSyncedAt`) by the service's clock,
 * the others in GitHub's time.
 */
export interface IssueLink {
  readonly taskId: string
  /**
   * Grows with each change of the link, which its store sees to: a plan is carried out only upon
   * the revision that it was made for.
   */
  readonly rev: number
  readonly status: SyncStatus
  readonly wantedVersion: number
  /** The version that the issue was last made equal to; 0 when none yet. */
  readonly syncedVersion: number
  /** Whether the task is gone and the issue is only to be closed. */
  readonly isDeleted: boolean
  readonly issue: LinkedIssue | null
  /** The last state that both sides are known to have had. */
  readonly base: SyncedFields | null
  /**
   * What the issue was before our last write, which reads that lag may show until then; of one not
   * known yet, what was sent in the try before.
   */
  readonly before: { readonly fields: SyncedFields; readonly until: number } | null
  /** What the issue is being made equal to: perhaps it was, when no answer came. */
  readonly sent: SyncedFields | null
  /** When the issue was last begun to be opened. */
  readonly sentAt: number | null
  /** Older links do not have it. */
  readonly openCreates: readonly OpenCreate[] | null
  /** How often an uncertain issue has been looked for. */
  readonly lookups: number
  /** How often in a row the next step has failed, and since when. */
  readonly attempts: number
  readonly failingSince: number | null
  readonly nextAttemptAt: number | null
  readonly lastSyncedAt: number | null
  readonly error: SyncError | null
  /**
   * When the task last changed here, in GitHub's time; null if that is not known: then it is the
   * task's `updated_at`.
   */
  readonly changedAt: number | null
  /**
   * Whether GitHub ignores our labels because of missing rights: then labels, and the fields that
   * they show, are not synced.
   */
  readonly areLabelsDropped: boolean
}

export const createLink = (taskId: string, now: number, wantedVersion = 1): IssueLink => ({
  taskId,
  rev: 1,
  status: 'pending',
  wantedVersion,
  syncedVersion: 0,
  isDeleted: false,
  issue: null,
  base: null,
  before: null,
  sent: null,
  sentAt: null,
  openCreates: null,
  lookups: 0,
  attempts: 0,
  failingSince: null,
  nextAttemptAt: now,
  lastSyncedAt: null,
  error: null,
  changedAt: null,
  areLabelsDropped: false,
})

/** The link of an issue that was opened at GitHub, and whose task is equal to it. */
export const importedLink = (
  taskId: string,
  issue: LinkedIssue,
  base: SyncedFields,
  now: number,
): IssueLink => ({
  ...createLink(taskId, now),
  status: 'linked',
  syncedVersion: 1,
  issue,
  base,
  nextAttemptAt: null,
  lastSyncedAt: now,
})

/**
 * Must be part of each commit that changes or deletes a task with a link: its issue is now behind.
 */
export const markOutOfSync = (
  link: IssueLink,
  version: number,
  isDeleted: boolean,
  now: number,
  changedAt: number | null = null,
): IssueLink => {
  const marked = { ...link, wantedVersion: version, isDeleted, changedAt }
  /** A deleted task has its issue checked once more; if it is gone, nothing is left to keep. */
  if (link.status === 'linked' || (link.status === 'issue_missing' && isDeleted))
    return { ...marked, status: 'outdated', nextAttemptAt: now }
  /** GitHub refused the text of this very task: another text may do. */
  if (link.status === 'blocked' && link.error?.code === 'invalid')
    return { ...marked, ...due(link, now) }
  return marked
}

/**
 * The link with its next step due now, as if nothing had failed: what a person asks for after
 * fixing the cause.
 */
export const retryNow = (link: IssueLink, now: number): IssueLink =>
  link.status === 'creating' || link.status === 'updating' ? link : { ...link, ...due(link, now) }

/**
 * The state of the next step. An issue whose creation was not confirmed is looked for before it is
 * created again.
 */
export const nextStatus = ({ issue, sent }: IssueLink): SyncStatus => {
  if (issue !== null) return 'outdated'
  return sent === null ? 'pending' : 'unconfirmed'
}

const due = (link: IssueLink, now: number) => ({
  status: nextStatus(link),
  areLabelsDropped: false,
  attempts: 0,
  failingSince: null,
  nextAttemptAt: now,
  error: null,
})

const instant = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : formatInstant(milliseconds)

export const toTaskSync = (link: IssueLink): TaskSync => ({
  status: link.status,
  issue_url: link.issue?.url ?? null,
  issue_number: link.issue?.number ?? null,
  last_synced_at: instant(link.lastSyncedAt),
  next_attempt_at: instant(link.nextAttemptAt),
  error: link.error,
})

/**
 * The link at the version that a commit of it led to: what both sides share is unchanged.
 * `changedAt` is when the task was last changed before, in GitHub's time: the commit changes
 * `updated_at`.
 */
export const atVersion = (
  link: IssueLink,
  before: number,
  version: number,
  changedAt: number,
): IssueLink => ({
  ...link,
  wantedVersion: version,
  syncedVersion: link.syncedVersion === before ? version : link.syncedVersion,
  changedAt: link.changedAt ?? changedAt,
})

const DEFAULTS = createLink('', 0)

/** The names of states up to version 0.1.0, which may still run beside this one. */
const OLD_STATUSES: Readonly<Record<string, SyncStatus>> = {
  posting: 'creating',
  uncertain: 'unconfirmed',
  dirty: 'outdated',
  patching: 'updating',
  remote_gone: 'issue_missing',
  dead: 'failed',
}

/** The link that a companion holds. A field that it lacks is as in a new link. */
export const toLink = ({ taskId, rev, state, dueAt, data }: Companion): IssueLink => ({
  ...DEFAULTS,
  ...data,
  taskId,
  rev,
  status: OLD_STATUSES[state] ?? (state as SyncStatus),
  nextAttemptAt: dueAt,
})

/** The companion that holds a link; of a new link hardly anything is stored. */
export const toCompanion = (link: IssueLink): Companion => {
  const { taskId, rev, status: state, nextAttemptAt: dueAt, ...fields } = link
  const data = Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => value !== DEFAULTS[name as keyof typeof fields],
    ),
  )
  return { taskId, rev, state, dueAt, reference: link.issue?.id ?? null, data }
}

export const toSyncedFields = ({
  title,
  description,
  status,
  priority,
  labels,
}: Task): SyncedFields => ({
  title,
  description,
  status,
  priority,
  labels,
})
