import { createdEvent } from '../../core/event.ts'
import { formatInstant } from '../../core/instant.ts'
import { importedLink, type SyncLink } from '../../core/sync-link.ts'
import { createTask } from '../../core/task.ts'
import { hasAll } from '../issue/issue-labels.ts'
import { fromIssue } from '../issue/issue-mapping.ts'
import { type RemoteIssue, toLinkedIssue } from '../issue/remote-issue.ts'
import type { Desk } from './desk.ts'
import { adopted } from './links.ts'
import { settle } from './reconcile.ts'
import { settleTwin } from './twins.ts'

/** An issue was read that has changed, or is new: whatever follows for its task. `actor` is who the history names for a change. */
export const receive = async (desk: Desk, issue: RemoteIssue, actor: string): Promise<void> => {
  const link = await desk.sync.linkOfIssue(issue.id)
  if (link === undefined) await welcome(desk, issue)
  else if (link.status !== 'blocked' && link.status !== 'dead') await settle(desk, link, issue, actor)
}

/** An issue that no task is linked to: one that we opened, or one that is to become a task. */
export const welcome = async (desk: Desk, issue: RemoteIssue): Promise<void> => {
  if (issue.isPullRequest) return
  const taskId = (await desk.api.authors()).includes(issue.author) ? desk.marker.taskOf(issue.body) : undefined
  if (taskId !== undefined) await claim(desk, taskId, issue)
  else if (isWanted(desk, issue)) await importIssue(desk, issue)
}

/** The issue is one that we opened, by its marker: perhaps before we could keep that it is there. */
const claim = async (desk: Desk, taskId: string, issue: RemoteIssue): Promise<void> => {
  const link = await desk.sync.link(taskId)
  if (link === undefined) return
  /** An issue that was moved to another repository and back has another number. */
  const isWithout = ({ issue: known, status }: SyncLink): boolean =>
    known === null || (status === 'remote_gone' && known.id !== issue.id && issue.isOpen)
  if (!isWithout(link)) return settleTwin(desk, link, issue)
  await desk.sync.changeLink(taskId, (current) => (isWithout(current) ? adopted(current, issue, desk.now()) : undefined))
}

/** What is closed is no task: it was done before, or its task was deleted. */
const isWanted = ({ settings: { imports } }: Desk, { labels, isOpen }: RemoteIssue): boolean => {
  if (!isOpen) return false
  if (imports.kind !== 'label') return imports.kind === 'all'
  return hasAll(labels, [imports.name])
}

/** Makes a task of an issue. Its key is the issue, so that two tries make one task. */
const importIssue = async (desk: Desk, issue: RemoteIssue): Promise<void> => {
  const now = desk.now()
  const key = `github-issue:${issue.id}\n`
  const fields = fromIssue(issue, null)
  const task = createTask({ ...fields, labels: [...fields.labels] }, desk.newId(key), formatInstant(now))
  const link = importedLink(task.id, toLinkedIssue(issue), fields, now)
  const idempotencyKey = { key, fingerprint: issue.id, now, expiresAt: now + IMPORT_KEY_MS }
  await desk.tasks.create(task, createdEvent(task, `github:${issue.author}`), idempotencyKey, link)
}

const IMPORT_KEY_MS = 24 * 60 * 60 * 1000
