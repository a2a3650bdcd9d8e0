import { isDeepStrictEqual } from 'node:util'
import type { Companion } from '../../core/companion.ts'
import type { RequestContext } from '../../core/context.ts'
import type { Changes } from '../../core/event.ts'
import type { Task } from '../../task/task.ts'
import type { TrackerChange } from '../../task/tracking.ts'
import { requireResponse } from '../api/issues-client.ts'
import { TransientFailure } from '../api/sync-errors.ts'
import { diffIssue, type IssueChanges, isEmpty } from '../issue/issue-diff.ts'
import {
  type IssueLink,
  type SyncedFields,
  toCompanion,
  toLink,
  toSyncedFields,
} from '../issue/issue-link.ts'
import { fromIssue, toIssue } from '../issue/issue-mapping.ts'
import { merge, type Side } from '../issue/merge.ts'
import { inferMergeBase } from '../issue/merge-base.ts'
import { hasRemoteChanges } from '../issue/remote-changes.ts'
import { type RemoteIssue, toLinkedIssue, toRemoteIssue } from '../issue/remote-issue.ts'
import { issueFields, trackerContext } from '../link-store.ts'
import { toSynced } from './link-transitions.ts'
import { handleMissingIssue } from './missing-issue.ts'
import type { SyncContext } from './sync-context.ts'
import { closeIssue, writeIssue } from './write-issue.ts'

/** How long an update in progress is left alone before it is checked after a crash. */
const PATCHING_MS = 60_000

/** How long after a write a read may still show the state before it. */
const READ_LAG_MS = 3000

/** What to do about an issue and its task. */
interface Plan {
  readonly changes: IssueChanges
  /** What the issue is to show. */
  readonly fields: SyncedFields
  /** What both sides have in common before the issue is written to, and after. */
  readonly known: SyncedFields
  readonly base: SyncedFields
  readonly version: number
}

/**
 * Makes a task and its issue equal: reads the issue, merges both sides upon what they last had in
 * common, commits to the task what is new there, and sends to the issue what is new here. `login`
 * is who made the changes at GitHub, if that is known.
 */
export const reconcile = async (
  ctx: SyncContext,
  link: IssueLink,
  login: string | null,
): Promise<void> => {
  if (link.issue === null) return
  const outcome = requireResponse(await ctx.api.issue(link.issue.number))
  if (outcome.kind === 'refused') return handleMissingIssue(ctx, link, outcome)
  const issue = toRemoteIssue(outcome.data)
  if (issue.id !== link.issue.id)
    return handleMissingIssue(ctx, link, { status: 404, location: undefined })
  await syncWithIssue(ctx, link, issue, login)
}

/** The same, of an issue that was read just now. */
export const syncWithIssue = async (
  ctx: SyncContext,
  link: IssueLink,
  issue: RemoteIssue,
  login: string | null,
): Promise<void> => {
  if (isOutdated(link, issue, ctx.clock.now()))
    throw new TransientFailure(
      'unavailable',
      'GitHub still shows the issue as it was before it last changed',
    )
  const context = trackerContext(ctx.now, login)
  const plan = await commitToTask(ctx, context, link, issue)
  if (plan === 'deleted') return close(ctx, link, issue)
  if (plan === undefined) return
  await send(ctx, context, link, issue, plan)
}

/**
 * Reads may lag behind writes. What was changed back within the second of our own write looks the
 * same, so it is believed once reads have had the time to follow.
 */
const isOutdated = (
  { issue: known, base, before }: IssueLink,
  issue: RemoteIssue,
  now: number,
): boolean => {
  if (known === null || issue.updatedAt !== known.updatedAt)
    return known !== null && issue.updatedAt < known.updatedAt
  if (base === null || before === null || now >= before.until) return false
  return !isDeepStrictEqual(inferMergeBase(base, before.fields, issue), base)
}

/** Undefined when the link has another issue by now. */
const commitToTask = async (
  ctx: SyncContext,
  context: RequestContext,
  { taskId }: IssueLink,
  issue: RemoteIssue,
): Promise<Plan | 'deleted' | undefined> => {
  let plan: Plan | 'deleted' | undefined
  await ctx.tracking.track(context, taskId, (task, companion) => {
    plan = task === undefined ? 'deleted' : undefined
    if (task === undefined || companion?.reference !== issue.id) return undefined
    const { change, planAt } = decide(ctx, task, toLink(companion), issue)
    return {
      ...change,
      companion(version) {
        plan = planAt(version)
        return toNext(ctx, task, toLink(companion), issue, plan)
      },
    }
  })
  return plan
}

interface Decided {
  readonly change: Pick<TrackerChange, 'patch' | 'overruled'>
  /** What to do once the task has this version. */
  planAt(version: number): Plan
}

/** The merge, decided upon the task as it is at the commit. */
const decide = (ctx: SyncContext, task: Task, link: IssueLink, issue: RemoteIssue): Decided => {
  const marker = ctx.marker.toMarker(task.id)
  const options = { ignoreLabels: link.areLabelsDropped }
  const base = baseOf(link, issue, task)
  const here = toSyncedFields(task)
  const there = fromIssue(issue, base)
  const merged = merge(base, here, there, preferred(ctx, task, link, issue), options)
  const changes = diffIssue(issue, toIssue(merged.fields, marker), toIssue(base, marker), options)
  const lost = merged.lost.filter(({ side }) => side === 'issue')
  const overruled: Changes = Object.fromEntries(
    lost.map(({ field, value, kept }) => [field, { before: value, after: kept }]),
  )
  /** Add overruled values to the base so that a conflict is reported once. */
  const known = {
    ...inferMergeBase(base, merged.fields, issue),
    ...Object.fromEntries(lost.map(({ field, value }) => [field, value])),
  }
  const { fields } = merged
  return {
    change: {
      patch: { ...fields, labels: [...fields.labels], ...issueFields({ ...link, issue }) },
      overruled: lost.length > 0 ? overruled : undefined,
    },
    planAt: (version) => ({ changes, fields, known, base: merged.base, version }),
  }
}

/** The companion of the task at the version of the plan, which a commit may have led to. */
const toNext = (
  ctx: SyncContext,
  task: Task,
  link: IssueLink,
  issue: RemoteIssue,
  plan: Plan,
): Companion => {
  const next = afterCommit(ctx, link, issue, plan)
  const isCommit = plan.version !== task.version
  return toCompanion(isCommit ? { ...next, wantedVersion: plan.version } : next)
}

/** After an answer that never came, what was sent may or may not be what the issue shows. */
const baseOf = (link: IssueLink, issue: RemoteIssue, task: Task): SyncedFields => {
  if (link.sent !== null) return inferMergeBase(link.base ?? link.sent, link.sent, issue)
  return link.base ?? toSyncedFields(task)
}

/** A task that was changed before GitHub's time was known has our clock's, which is corrected. */
const preferred = (ctx: SyncContext, task: Task, link: IssueLink, issue: RemoteIssue): Side => {
  const { conflict } = ctx.settings
  if (conflict !== 'newest') return conflict === 'github' ? 'issue' : 'task'
  /** GitHub's instants have whole seconds. */
  const changedAt = link.changedAt ?? ctx.clock.toGithub(Date.parse(task.updated_at))
  return Date.parse(issue.updatedAt) > Math.floor(changedAt / 1000) * 1000 ? 'issue' : 'task'
}

/** The link once the task has what is new at GitHub: done, or with a change to be sent. */
const afterCommit = (
  ctx: SyncContext,
  link: IssueLink,
  issue: RemoteIssue,
  plan: Plan,
): IssueLink => {
  const now = ctx.now()
  if (isEmpty(plan.changes)) return toSynced(link, issue, plan.base, plan.version, now)
  const begun = {
    status: 'updating',
    base: plan.known,
    sent: plan.fields,
    nextAttemptAt: now + PATCHING_MS,
  } as const
  return { ...link, ...begun, issue: toLinkedIssue(issue), error: null }
}

const send = async (
  ctx: SyncContext,
  context: RequestContext,
  { taskId, issue: home }: IssueLink,
  seen: RemoteIssue,
  plan: Plan,
): Promise<void> => {
  if (isEmpty(plan.changes) || home === null) return
  const issue = await writeIssue(ctx, taskId, seen, plan.changes)
  const finish = (link: IssueLink): IssueLink | undefined => {
    if (link.status !== 'updating' || link.issue?.id !== home.id) return undefined
    const now = ctx.now()
    if (issue === 'labels_dropped')
      return { ...link, status: 'outdated', areLabelsDropped: true, nextAttemptAt: now }
    const next = {
      ...toSynced(link, issue, plan.base, plan.version, now),
      before: { fields: plan.known, until: ctx.clock.now() + READ_LAG_MS },
    }
    /** Someone changed it between our reading and our writing. */
    return hasRemoteChanges(next, issue)
      ? { ...next, status: 'outdated', nextAttemptAt: now }
      : next
  }
  /** What the write shows of the issue is by us. */
  const own = { ...context, actor: trackerContext(ctx.now).actor }
  await ctx.links.changeLink(taskId, finish, own)
}

/** The task is gone: its issue is closed as not planned, and then there is nothing to keep. */
const close = async (
  ctx: SyncContext,
  { taskId }: IssueLink,
  { number, isOpen }: RemoteIssue,
): Promise<void> => {
  if (isOpen) await closeIssue(ctx, taskId, number)
  await ctx.links.changeLink(taskId, (_, task) => (task === undefined ? null : undefined))
}
