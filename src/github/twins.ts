import type { SyncLink } from '../core/sync-link.ts'
import type { Desk } from './desk.ts'
import { type RemoteIssue, toLinkedIssue } from './remote-issue.ts'
import { Failed } from './stopped.ts'

/** Closes an issue as a duplicate of the one that its task is linked to. */
export const closeTwin = async (desk: Desk, { number, isOpen }: { number: number; isOpen: boolean }): Promise<void> => {
  if (!isOpen) return
  const outcome = await desk.api.update(number, { state: 'closed', state_reason: 'duplicate' })
  if (outcome.kind === 'unknown') throw new Failed('unavailable', outcome.message)
}

/** Another issue that we opened for the same task has shown up: the one with the lowest number stays. */
export const settleTwin = async (desk: Desk, link: SyncLink, twin: RemoteIssue): Promise<void> => {
  const { issue } = link
  if (issue === null || issue.id === twin.id) return
  if (issue.number < twin.number) return closeTwin(desk, twin)
  await desk.sync.changeLink(link.taskId, (current) => ({
    ...current,
    rev: current.rev + 1,
    status: 'dirty',
    issue: toLinkedIssue(twin),
    nextAttemptAt: desk.now(),
  }))
  await closeTwin(desk, { number: issue.number, isOpen: true })
}
