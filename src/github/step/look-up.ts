import type { SyncLink } from '../../core/sync-link.ts'
import type { RemoteIssue } from '../issue/remote-issue.ts'
import type { Desk } from './desk.ts'
import { resolveDuplicate } from './duplicates.ts'
import { adopted, lookedInVain } from './links.ts'

/**
 * An issue may say that it was opened this much before we sent it, as GitHub's time is known to
 * some seconds only.
 */
const CLOCK_SLACK_MS = 5 * 60 * 1000

/** Looks for the issue that may have been opened: adopts it, waits for the next look, or lets it be opened again. */
export const lookUp = async (desk: Desk, link: SyncLink): Promise<void> => {
  const found = await findOwn(desk, link)
  const [issue] = found
  if (issue === undefined) {
    await desk.sync.changeLink(link.taskId, (current, task) => {
      if (current.rev !== link.rev) return undefined
      const next = lookedInVain(current, desk.settings.lookupDelaysMs, desk.clock)
      return task === undefined && next.status !== 'uncertain' ? null : next
    })
    return
  }
  const adopt = (current: SyncLink) => (current.issue === null ? adopted(current, issue, desk.now()) : undefined)
  let known = await desk.sync.changeLink(link.taskId, adopt)
  for (const each of found) {
    if (known === undefined) return
    await resolveDuplicate(desk, known, each)
    known = await desk.sync.link(link.taskId)
  }
}

/**
 * The issues with the task's marker that were opened since the try and belong to no other task, the
 * lowest number first.
 */
const findOwn = async (desk: Desk, { taskId, sentAt }: SyncLink): Promise<RemoteIssue[]> => {
  const since = Math.min(sentAt ?? 0, desk.clock.now()) - CLOCK_SLACK_MS
  const found: RemoteIssue[] = []
  for (const creator of await desk.api.authors()) {
    for await (const issue of desk.api.list({ creator, state: 'all', sort: 'created', direction: 'desc' })) {
      if (issue.createdAt < since) break
      if (issue.author !== creator || desk.marker.taskOf(issue.body) !== taskId) continue
      if ((await desk.sync.linkOfIssue(issue.id)) === undefined) found.push(issue)
    }
  }
  return found.sort((a, b) => a.number - b.number)
}
