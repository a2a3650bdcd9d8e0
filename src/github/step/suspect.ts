import type { SyncStatus } from '../../core/task-sync.ts'
import type { Desk } from './desk.ts'

/** An issue may be another than its link says, or a change of it that was begun may have ended: how it is now is asked of GitHub. */
export const suspect = (desk: Desk, taskId: string, status: SyncStatus) =>
  desk.sync.changeLink(taskId, (link) =>
    link.status === status ? { ...link, status: 'dirty', nextAttemptAt: desk.now() } : undefined,
  )
