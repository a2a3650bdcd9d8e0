import type { SyncStatus } from '../issue/task-sync.ts'
import type { SyncContext } from './sync-context.ts'

/**
 * An issue may be another than its link says, or a change of it that was begun may have ended: how
 * it is now is asked of GitHub.
 */
export const markOutdated = (ctx: SyncContext, taskId: string, status: SyncStatus) =>
  ctx.links.changeLink(taskId, (link) =>
    link.status === status ? { ...link, status: 'outdated', nextAttemptAt: ctx.now() } : undefined,
  )
