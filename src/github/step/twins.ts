import type { SyncLink } from '../../core/sync-link.ts'
import { answered } from '../api/api.ts'
import { Blocked } from '../api/stopped.ts'
import { BLOCKS } from '../api/sync-errors.ts'
import { fromIssue } from '../issue/issue-mapping.ts'
import type { RemoteIssue } from '../issue/remote-issue.ts'
import type { Desk } from './desk.ts'
import { adopted, isUntouched } from './links.ts'

/** Closes an issue as a duplicate of the one that its task is linked to; a server that knows no such reason is given another. */
export const closeTwin = async (desk: Desk, { number, isOpen }: { number: number; isOpen: boolean }): Promise<void> => {
  if (!isOpen) return
  const close = async (state_reason: 'duplicate' | 'not_planned') =>
    answered(await desk.api.update(number, { state: 'closed', state_reason }))
  let outcome = await close('duplicate')
  if (outcome.kind === 'refused' && outcome.status === 422) outcome = await close('not_planned')
  if (outcome.kind === 'refused' && outcome.status === 403) throw new Blocked(BLOCKS.forbidden)
}

/**
 * Another issue that we opened for the same task has shown up: the one with the lowest number stays. Its text may be that of an
 * earlier try, so what it shows is no news: the task has it as it is to be.
 */
export const settleTwin = async (desk: Desk, link: SyncLink, twin: RemoteIssue): Promise<void> => {
  const { issue } = link
  if (issue === null || issue.id === twin.id) return
  if (issue.number < twin.number) return closeTwin(desk, twin)
  await desk.sync.changeLink(link.taskId, (current) => {
    const shown = fromIssue(twin, current.base)
    /** A label that someone else has put there since is kept. */
    const labels = isUntouched(twin) ? shown.labels : (current.base?.labels ?? shown.labels)
    return { ...adopted(current, twin, desk.now()), base: { ...shown, labels }, sent: null }
  })
  await closeTwin(desk, { number: issue.number, isOpen: true })
}
