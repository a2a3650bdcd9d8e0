import type { Task } from '../../task/task.ts'
import { BLOCKS, invalidIssue, unconfirmed } from '../api/error-catalog.ts'
import type { Outcome } from '../api/issues-client.ts'
import { AccessBlocked, TransientFailure } from '../api/sync-errors.ts'
import { digestOf } from '../issue/issue-digest.ts'
import { hasAll, toIssueLabels } from '../issue/issue-labels.ts'
import {
  type IssueLink,
  type OpenCreate,
  type SyncedFields,
  toSyncedFields,
} from '../issue/issue-link.ts'
import { fromIssue, type IssueState, toIssue } from '../issue/issue-mapping.ts'
import { toRemoteIssue } from '../issue/remote-issue.ts'
import type { SyncError } from '../issue/task-sync.ts'
import { toHalted, toSynced } from './link-transitions.ts'
import { withCreate, withKnown } from './open-creates.ts'
import type { SyncContext } from './sync-context.ts'

/** An issue as it is being opened: of which task, with what, and by which create. */
interface Opening {
  readonly task: Task
  readonly fields: SyncedFields
  readonly issue: IssueState
  readonly create: OpenCreate
}

/**
 * Creates the issue of a task. The state `creating` is stored before the call: after any failure, a
 * crash included, the issue is looked for before it is created again.
 */
export const openIssue = async (ctx: SyncContext, { taskId }: IssueLink): Promise<void> => {
  await ctx.api.reserveCreate()
  const opening = await begin(ctx, taskId)
  if (opening === undefined) return
  const { title, body, labels } = opening.issue
  const outcome = await ctx.api.create({ title, body, labels }).catch(async (error: unknown) => {
    await takeBack(ctx, opening)
    throw error
  })
  await conclude(ctx, opening, outcome)
}

/**
 * Marks the issue as being opened, for the task as it is now; undefined when there is nothing to
 * open any more.
 */
const begin = async (ctx: SyncContext, taskId: string): Promise<Opening | undefined> => {
  const sentAt = ctx.clock.now()
  let begun: Opening | undefined
  await ctx.links.changeLink(taskId, (link, task) => {
    begun = undefined
    if (link.status !== 'pending') return undefined
    if (task === undefined) return null
    const fields = asOpened(task)
    const issue = toIssue(fields, ctx.marker.toMarker(taskId))
    const create = { sentAt, digest: digestOf(issue) }
    begun = { task, fields, issue, create }
    return {
      ...withCreate(link, create),
      status: 'creating',
      sent: fields,
      sentAt,
      lookups: 0,
      nextAttemptAt: lookupAt(ctx, sentAt, 0),
      error: null,
    }
  })
  return begun
}

/**
 * What a new issue shows: it is always open, and closed in a second step when the task is completed
 * already.
 */
const asOpened = (task: Task): SyncedFields => {
  const fields = toSyncedFields(task)
  return fields.status === 'completed' ? { ...fields, status: 'pending' } : fields
}

const lookupAt = (ctx: SyncContext, sentAt: number, lookup: number): number =>
  ctx.clock.toOurs(sentAt + (ctx.settings.lookupDelaysMs[lookup] ?? 0))

const conclude = async (ctx: SyncContext, opening: Opening, outcome: Outcome): Promise<void> => {
  const { task, fields, create } = opening
  if (outcome.kind === 'unknown') return giveUp(ctx, opening, outcome)
  if (outcome.kind === 'refused') return refuse(ctx, opening, outcome.status, outcome.message)
  const issue = toRemoteIssue(outcome.data)
  const areLabelsDropped = !hasAll(issue.labels, toIssueLabels(fields))
  /** Labels that were dropped are not removed by anyone: they were never there. */
  const base = areLabelsDropped ? fromIssue(issue, fields) : fields
  const now = ctx.now()
  await ctx.links.changeLink(task.id, (link) => {
    /**
     * Meanwhile another process has found this issue, or one that was opened before: the sweep
     * finds out which one stays.
     */
    if (link.issue !== null)
      return withKnown(
        link,
        create,
        link.issue.id === issue.id ? undefined : { ...create, issueId: issue.id },
      )
    const next = toSynced(
      withKnown({ ...link, areLabelsDropped }, create, undefined),
      issue,
      base,
      task.version,
      now,
    )
    return task.status === 'completed' ? { ...next, status: 'outdated', nextAttemptAt: now } : next
  })
}

const giveUp = async (
  ctx: SyncContext,
  opening: Opening,
  { message, wasSent }: Outcome & { kind: 'unknown' },
): Promise<void> => {
  if (wasSent) return becomeUncertain(ctx, opening, message)
  await takeBack(ctx, opening)
  throw new TransientFailure('unavailable', message)
}

/** Whether no other process has gone on with it: one that was halted for long may find it so. */
const isOurs = (link: IssueLink, { create }: Opening): boolean =>
  link.status === 'creating' && link.sentAt === create.sentAt

const becomeUncertain = async (
  ctx: SyncContext,
  opening: Opening,
  detail: string,
): Promise<void> => {
  const { task, create } = opening
  await ctx.links.changeLink(task.id, (link) =>
    isOurs(link, opening)
      ? {
          ...link,
          status: 'unconfirmed',
          failingSince: link.failingSince ?? create.sentAt,
          nextAttemptAt: lookupAt(ctx, create.sentAt, 0),
          error: unconfirmed(detail),
        }
      : undefined,
  )
}

const refuse = async (
  ctx: SyncContext,
  opening: Opening,
  status: number,
  message: string,
): Promise<void> => {
  const reason = REFUSALS[status]
  if (reason !== undefined) {
    await takeBack(ctx, opening)
    throw new AccessBlocked(reason)
  }
  await ctx.links.changeLink(opening.task.id, (link) => {
    const next = withKnown(link, opening.create, undefined)
    return isOurs(link, opening)
      ? { ...toHalted(next, 'blocked', invalidIssue(message)), sent: null, sentAt: null }
      : next
  })
}

const REFUSALS: Readonly<Record<number, SyncError>> = {
  403: BLOCKS.forbidden,
  404: BLOCKS.repositoryNotFound,
  410: BLOCKS.issuesDisabled,
}

/** It was not sent. */
const takeBack = (ctx: SyncContext, opening: Opening) =>
  ctx.links.changeLink(opening.task.id, (link) => {
    const next = withKnown(link, opening.create, undefined)
    return isOurs(link, opening)
      ? { ...next, status: 'pending', sent: null, nextAttemptAt: ctx.now() }
      : next
  })
