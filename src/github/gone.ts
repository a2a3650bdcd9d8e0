import type { SyncLink } from '../core/sync-link.ts'
import type { Desk } from './desk.ts'
import { halted } from './links.ts'
import { BLOCKS, Blocked, Failed } from './stopped.ts'

/** So long after it was opened an issue may not be shown yet: reads may lag behind writes. */
const NEW_MS = 60_000

/** An issue can't be read where it was. The task lives on and tells of it; a deleted task has nothing left to do. */
export const handleGone = async (
  desk: Desk,
  { taskId, issue, sentAt }: SyncLink,
  { status, location }: { status: number; location: string | undefined },
): Promise<void> => {
  if (status === 403) throw new Blocked(BLOCKS.forbidden)
  /** Whatever keeps us from the repository as a whole is thrown here. */
  await desk.api.probe()
  if (status === 404 && sentAt !== null && desk.now() - sentAt < NEW_MS)
    throw new Failed('unavailable', 'GitHub does not show the new issue yet')
  const error = location === undefined ? DELETED : transferred(location)
  await desk.sync.changeLink(taskId, (link, task) => {
    if (link.issue?.id !== issue?.id) return undefined
    return task === undefined ? null : halted(link, 'remote_gone', error)
  })
}

const DELETED = {
  code: 'issue_deleted',
  detail: 'The issue was deleted at GitHub, or can no longer be read',
  action: 'None is needed: the task lives on without it',
}

const transferred = (location: string) => ({
  code: 'issue_transferred',
  detail: `The issue was moved to another repository: ${location}`,
  action: 'None is needed: the task lives on without it; moved back, it is found by itself',
})
