import { type SyncLink, toSyncedFields } from '../core/sync-link.ts'
import type { Task } from '../core/task.ts'
import type { Outcome } from './api.ts'
import type { Desk } from './desk.ts'
import { toIssueLabels } from './issue-labels.ts'
import { fromIssue, toIssue } from './issue-mapping.ts'
import { blocked, linked } from './links.ts'
import { toRemoteIssue } from './remote-issue.ts'
import { BLOCKS, Blocked, invalidIssue, Paused } from './stopped.ts'

/**
 * Opens the issue of a task. That it is being opened is kept before the call: whatever happens then, a crash included, the
 * issue is looked for before it is opened again.
 */
export const openIssue = async (desk: Desk, { taskId, rev }: SyncLink): Promise<void> => {
  const task = await begin(desk, taskId, rev)
  if (task === undefined) return
  const fields = toSyncedFields(task)
  const { title, body, labels } = toIssue(fields, desk.marker.toMarker(taskId))
  try {
    await conclude(desk, task, await desk.api.create({ title, body, labels }))
  } catch (error) {
    /** Neither was sent: both are GitHub's definite no, or ours before the call. */
    if (error instanceof Paused || error instanceof Blocked) await takeBack(desk, taskId)
    throw error
  }
}

/** Marks the issue as being opened; undefined when there is nothing to open any more. */
const begin = async (desk: Desk, taskId: string, rev: number): Promise<Task | undefined> => {
  const now = desk.now()
  let begun: Task | undefined
  await desk.sync.changeLink(taskId, (link, task) => {
    begun = undefined
    if (link.rev !== rev) return undefined
    if (task === undefined) return null
    begun = task
    return {
      ...link,
      rev: rev + 1,
      status: 'posting',
      sent: toSyncedFields(task),
      sentAt: now,
      lookups: 0,
      nextAttemptAt: lookupAt(desk, now, 0),
      error: null,
    }
  })
  return begun
}

const lookupAt = (desk: Desk, sentAt: number, lookup: number): number => sentAt + (desk.settings.lookupDelaysMs[lookup] ?? 0)

const conclude = async (desk: Desk, task: Task, outcome: Outcome): Promise<void> => {
  if (outcome.kind === 'unknown') return becomeUncertain(desk, task.id, outcome.message)
  if (outcome.kind === 'refused') return refuse(desk, task.id, outcome.status, outcome.message)
  const issue = toRemoteIssue(outcome.data)
  const fields = toSyncedFields(task)
  const shown = new Set(issue.labels.map((label) => label.toLowerCase()))
  const areLabelsDropped = toIssueLabels(fields).some((label) => !shown.has(label.toLowerCase()))
  /** Labels that were dropped are not removed by anyone: they were never there. */
  const base = areLabelsDropped ? fromIssue(issue, fields) : fields
  await desk.sync.changeLink(task.id, (link) => ({
    ...linked({ ...link, areLabelsDropped }, issue, base, task.version, desk.now()),
    sent: null,
  }))
  /** A new issue is always open: the task may be completed already. */
  if (task.status === 'completed') await makeDirty(desk, task.id)
}

const makeDirty = (desk: Desk, taskId: string) =>
  desk.sync.changeLink(taskId, (link) => ({
    ...link,
    rev: link.rev + 1,
    status: 'dirty',
    base: link.base && { ...link.base, status: 'pending' },
    nextAttemptAt: desk.now(),
  }))

const becomeUncertain = async (desk: Desk, taskId: string, detail: string): Promise<void> => {
  await desk.sync.changeLink(taskId, (link) => ({
    ...link,
    rev: link.rev + 1,
    status: 'uncertain',
    nextAttemptAt: lookupAt(desk, link.sentAt ?? desk.now(), 0),
    error: {
      code: 'uncertain',
      detail: `${detail}: the issue may have been opened all the same`,
      action: 'None: the issue is looked for, and opened again only when it is not there',
    },
  }))
}

const refuse = async (desk: Desk, taskId: string, status: number, message: string): Promise<void> => {
  if (status === 403) throw new Blocked(BLOCKS.forbidden)
  if (status === 404) throw new Blocked(BLOCKS.repositoryNotFound)
  if (status === 410) throw new Blocked(BLOCKS.issuesDisabled)
  await desk.sync.changeLink(taskId, (link) => ({ ...blocked(link, invalidIssue(message)), sent: null, sentAt: null }))
}

const takeBack = (desk: Desk, taskId: string) =>
  desk.sync.changeLink(taskId, (link) =>
    link.status === 'posting'
      ? { ...link, rev: link.rev + 1, status: 'pending', sent: null, nextAttemptAt: desk.now() }
      : undefined,
  )
