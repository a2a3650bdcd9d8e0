import type { RequestContext } from '../../core/context.ts'
import type { TaskDraft } from '../../task/task.ts'
import { hasAll } from '../issue/issue-labels.ts'
import { type IssueLink, importedLink, toCompanion } from '../issue/issue-link.ts'
import { fromIssue } from '../issue/issue-mapping.ts'
import { type RemoteIssue, toLinkedIssue } from '../issue/remote-issue.ts'
import { issueFields, trackerContext } from '../link-store.ts'
import { wasIssueOfDeletedTask } from './deleted-task.ts'
import { resolveDuplicate } from './duplicates.ts'
import { toAdopted } from './link-transitions.ts'
import { syncWithIssue } from './reconcile.ts'
import type { SyncContext } from './sync-context.ts'

/** Handles an issue that is new or has changed. `login` is who changed it, if that is known. */
export const handleIssue = async (
  ctx: SyncContext,
  issue: RemoteIssue,
  login: string | null,
): Promise<void> => {
  const link = await ctx.links.linkOfIssue(issue.id)
  if (link === undefined) await handleUnlinkedIssue(ctx, issue)
  else if (link.status !== 'blocked' && link.status !== 'failed')
    await syncWithIssue(ctx, link, issue, login)
}

/** An issue that no task is linked to: we opened it, or a person did and it may become a task. */
export const handleUnlinkedIssue = async (ctx: SyncContext, issue: RemoteIssue): Promise<void> => {
  if (issue.isPullRequest) return
  const taskId = await markedTask(ctx, issue)
  const link = taskId === undefined ? undefined : await ctx.links.link(taskId)
  if (link !== undefined && (await linkByMarker(ctx, link, issue))) return
  if (!isWanted(ctx, issue)) return
  const isOfDeleted =
    taskId !== undefined &&
    link === undefined &&
    (await wasIssueOfDeletedTask(ctx, taskId, issue.id))
  if (!isOfDeleted) await importIssue(ctx, issue)
}

/**
 * The id of the task that an issue by our own identity was opened for. Where that is a person's
 * account, a copy of an issue has the id too.
 */
const markedTask = async (
  ctx: SyncContext,
  { author, body }: RemoteIssue,
): Promise<string | undefined> =>
  (await ctx.api.authors()).includes(author) ? ctx.marker.taskOf(body) : undefined

/**
 * Links the issue to its task if the task has none, or closes it as a duplicate. Resolves with
 * whether it was one of these.
 */
const linkByMarker = async (
  ctx: SyncContext,
  link: IssueLink,
  issue: RemoteIssue,
): Promise<boolean> => {
  if (!lacks(link, issue)) return resolveDuplicate(ctx, link, issue)
  await ctx.links.changeLink(link.taskId, (current) =>
    lacks(current, issue) ? toAdopted(current, issue, ctx.now()) : undefined,
  )
  return true
}

/**
 * Whether a task has no issue, or this one is its issue that was moved away and back: then it has
 * another id, but is as old.
 */
const lacks = ({ issue: known, status }: IssueLink, issue: RemoteIssue): boolean => {
  if (known === null) return true
  const isAsOld = known.createdAt === undefined || known.createdAt === issue.createdAt
  return status === 'issue_missing' && known.id !== issue.id && issue.isOpen && isAsOld
}

/** A closed issue does not become a task: it was done before, or its task was deleted. */
const isWanted = (
  { settings: { imports } }: SyncContext,
  { labels, isOpen }: RemoteIssue,
): boolean => {
  if (!isOpen) return false
  if (imports.kind !== 'label') return imports.kind === 'all'
  return hasAll(labels, [imports.name])
}

/** Makes a task of an issue. Its key is the issue, so that two tries make one task. */
const importIssue = async (ctx: SyncContext, issue: RemoteIssue): Promise<void> => {
  const context: RequestContext = {
    ...trackerContext(ctx.now, issue.author),
    key: { key: `github-issue:${issue.id}\n`, fingerprint: issue.id },
  }
  const fields = fromIssue(issue, null)
  const link = importedLink('', toLinkedIssue(issue), fields, ctx.now())
  const draft = { ...fields, labels: [...fields.labels], ...issueFields(link) } as TaskDraft
  await ctx.tracking.importIssue(context, draft, (taskId) => toCompanion({ ...link, taskId }))
}
