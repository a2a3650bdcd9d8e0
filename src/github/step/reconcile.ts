import { isDeepStrictEqual } from 'node:util'
import { changedEvent, type NewTaskEvent } from '../../core/event.ts'
import { formatInstant } from '../../core/instant.ts'
import type { Decision } from '../../core/task-repository.ts'
import { patchTask, type Task } from '../../task/task.ts'
import { requireResponse } from '../api/issues-client.ts'
import { TransientFailure } from '../api/sync-errors.ts'
import { diffIssue, type IssueChanges, isEmpty } from '../issue/issue-diff.ts'
import { type IssueLink, type SyncedFields, toSyncedFields } from '../issue/issue-link.ts'
import { fromIssue, toIssue } from '../issue/issue-mapping.ts'
import { type Lost, merge, type Side } from '../issue/merge.ts'
import { inferMergeBase } from '../issue/merge-base.ts'
import { hasRemoteChanges } from '../issue/remote-changes.ts'
import { type RemoteIssue, toLinkedIssue, toRemoteIssue } from '../issue/remote-issue.ts'
import { toSynced } from './link-transitions.ts'
import { handleMissingIssue } from './missing-issue.ts'
import type { SyncContext } from './sync-context.ts'
import { closeIssue, writeIssue } from './write-issue.ts'

/** So long a change that was begun is left alone, before it is looked at again after a crash. */
const PATCHING_MS = 60_000

/** So long after a write a read may still show what was before. */
const READ_LAG_MS = 3000

/** What is to be done about an issue and its task. */
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
 * Makes a task and its issue equal: reads the issue, merges both sides upon what they last had in common, commits to the task
 * what is new there, and sends to the issue what is new here. `actor` is who the history names for what came from GitHub.
 */
export const reconcile = async (
  ctx: SyncContext,
  link: IssueLink,
  actor: string,
): Promise<void> => {
  if (link.issue === null) return
  const outcome = requireResponse(await ctx.api.issue(link.issue.number))
  if (outcome.kind === 'refused') return handleMissingIssue(ctx, link, outcome)
  const issue = toRemoteIssue(outcome.data)
  if (issue.id !== link.issue.id)
    return handleMissingIssue(ctx, link, { status: 404, location: undefined })
  await syncWithIssue(ctx, link, issue, actor)
}

/** The same, of an issue that was read just now. */
export const syncWithIssue = async (
  ctx: SyncContext,
  link: IssueLink,
  issue: RemoteIssue,
  actor: string,
): Promise<void> => {
  if (isOutdated(link, issue, ctx.clock.now()))
    throw new TransientFailure(
      'unavailable',
      'GitHub still shows the issue as it was before it last changed',
    )
  const plan = await commitToTask(ctx, link, issue, actor)
  if (plan === 'deleted') return close(ctx, link, issue)
  if (plan === undefined) return
  await send(ctx, link, issue, plan)
}

/**
 * Reads may lag behind writes. What was changed back within the second of our own write looks the same, so it is believed
 * once reads have had the time to follow.
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
  { taskId }: IssueLink,
  issue: RemoteIssue,
  actor: string,
): Promise<Plan | 'deleted' | undefined> => {
  let decided: Decided | undefined
  const result = await ctx.tasks.change(taskId, (task, link) => {
    decided =
      link?.issue?.id === issue.id ? decide(ctx, task as Task, link, issue, actor) : undefined
    return decided?.decision ?? { kind: 'keep' }
  })
  if (result.kind === 'absent') return 'deleted'
  if (decided === undefined) return undefined
  const { plan, decision } = decided as Decided
  /** A change keeps its link in the very commit; where there is none, the link alone is kept. */
  if (decision.kind === 'keep')
    await ctx.sync.changeLink(taskId, (link) =>
      link.issue?.id === issue.id ? afterCommit(ctx, link, issue, plan) : undefined,
    )
  return plan
}

interface Decided {
  readonly plan: Plan
  readonly decision: Decision
}

/** The merge, decided upon the task as it is at the commit. */
const decide = (
  ctx: SyncContext,
  task: Task,
  link: IssueLink,
  issue: RemoteIssue,
  actor: string,
): Decided => {
  const now = ctx.now()
  const marker = ctx.marker.toMarker(task.id)
  const options = { ignoreLabels: link.areLabelsDropped }
  const base = baseOf(link, issue, task)
  const here = toSyncedFields(task)
  const there = fromIssue(issue, base)
  const merged = merge(base, here, there, preferred(ctx, task, link, issue), options)
  const changes = diffIssue(issue, toIssue(merged.fields, marker), toIssue(base, marker), options)
  const patched = patchTask(
    task,
    { ...merged.fields, labels: [...merged.fields.labels] },
    formatInstant(now),
  )
  const lostThere = merged.lost.filter(({ side }) => side === 'issue')
  const next = patched === task && lostThere.length > 0 ? nextVersion(task, now) : patched
  /** Add overruled values to the base so that a conflict is reported once. */
  const overruled = Object.fromEntries(lostThere.map(({ field, value }) => [field, value]))
  const known = { ...inferMergeBase(base, merged.fields, issue), ...overruled }
  const plan = { changes, fields: merged.fields, known, base: merged.base, version: next.version }
  if (next === task) return { plan, decision: { kind: 'keep' } }
  const event = toEvent(task, next, lostThere, actor)
  const following = { ...afterCommit(ctx, link, issue, plan), wantedVersion: next.version }
  return { plan, decision: { kind: 'change', task: next, event, link: following } }
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
    status: 'patching',
    base: plan.known,
    sent: plan.fields,
    nextAttemptAt: now + PATCHING_MS,
  } as const
  return { ...link, ...begun, issue: toLinkedIssue(issue), error: null }
}

const nextVersion = (task: Task, now: number): Task => {
  const at = formatInstant(now)
  return {
    ...task,
    version: task.version + 1,
    updated_at: at > task.updated_at ? at : task.updated_at,
  }
}

/** Tells of what came from the issue, and of what the issue had and lost. */
const toEvent = (
  before: Task,
  after: Task,
  lostThere: readonly Lost[],
  actor: string,
): NewTaskEvent => {
  const event = changedEvent(before, after, actor)
  const lost = Object.fromEntries(
    lostThere.map(({ field, value, kept }) => [field, { before: value, after: kept }]),
  )
  const hasChanged = Object.keys(event.changes).length > 0
  return {
    ...event,
    type: hasChanged ? event.type : 'task.conflict_resolved',
    changes: { ...event.changes, ...lost },
  }
}

const send = async (
  ctx: SyncContext,
  { taskId, issue: home }: IssueLink,
  seen: RemoteIssue,
  plan: Plan,
): Promise<void> => {
  if (isEmpty(plan.changes) || home === null) return
  const issue = await writeIssue(ctx, taskId, seen, plan.changes)
  await ctx.sync.changeLink(taskId, (link) => {
    if (link.status !== 'patching' || link.issue?.id !== home.id) return undefined
    const now = ctx.now()
    if (issue === 'labels_dropped')
      return { ...link, status: 'dirty', areLabelsDropped: true, nextAttemptAt: now }
    const next = {
      ...toSynced(link, issue, plan.base, plan.version, now),
      before: { fields: plan.known, until: ctx.clock.now() + READ_LAG_MS },
    }
    /** Someone changed it between our reading and our writing. */
    return hasRemoteChanges(next, issue) ? { ...next, status: 'dirty', nextAttemptAt: now } : next
  })
}

/** The task is gone: its issue is closed as not planned, and then there is nothing to keep. */
const close = async (
  ctx: SyncContext,
  { taskId }: IssueLink,
  { number, isOpen }: RemoteIssue,
): Promise<void> => {
  if (isOpen) await closeIssue(ctx, taskId, number)
  await ctx.sync.changeLink(taskId, (_, task) => (task === undefined ? null : undefined))
}
