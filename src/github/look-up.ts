import type { SyncLink } from '../core/sync-link.ts'
import type { Desk } from './desk.ts'
import { adopted } from './links.ts'
import type { RemoteIssue } from './remote-issue.ts'
import { closeTwin } from './twins.ts'

/** Clocks differ: so much earlier than the try an issue may say that it was opened. */
const CLOCK_SLACK_MS = 5 * 60 * 1000

/** Looks for the issue that may have been opened: adopts it, waits for the next look, or lets it be opened again. */
export const lookUp = async (desk: Desk, link: SyncLink): Promise<void> => {
  const [issue, ...twins] = await findOwn(desk, link)
  if (issue === undefined) {
    await desk.sync.changeLink(link.taskId, (current, task) => {
      if (current.rev !== link.rev) return undefined
      return task === undefined && current.lookups + 1 >= desk.settings.lookupDelaysMs.length ? null : notFound(desk, current)
    })
    return
  }
  await desk.sync.changeLink(link.taskId, (current) => (current.issue === null ? adopted(current, issue, desk.now()) : undefined))
  for (const twin of twins) await closeTwin(desk, twin)
}

/** The issues that we opened for the task since the try, the lowest number first. */
const findOwn = async (desk: Desk, { taskId, sentAt }: SyncLink): Promise<RemoteIssue[]> => {
  const since = (sentAt ?? 0) - CLOCK_SLACK_MS
  const found: RemoteIssue[] = []
  for (const creator of await desk.api.authors()) {
    for await (const issue of desk.api.list({ creator, state: 'all', sort: 'created', direction: 'desc' })) {
      if (issue.createdAt < since) break
      if (issue.author === creator && desk.marker.taskOf(issue.body) === taskId) found.push(issue)
    }
  }
  return found.sort((a, b) => a.number - b.number)
}

/** What was sent stays known, should the issue show up all the same. */
const notFound = (desk: Desk, link: SyncLink): SyncLink => {
  const now = desk.now()
  const delay = desk.settings.lookupDelaysMs[link.lookups + 1]
  const next = { ...link, rev: link.rev + 1, lookups: link.lookups + 1, attempts: 0, failingSince: null }
  return delay === undefined
    ? { ...next, status: 'pending', base: link.sent ?? link.base, sent: null, nextAttemptAt: now }
    : { ...next, status: 'uncertain', nextAttemptAt: Math.max(now, (link.sentAt ?? now) + delay) }
}
