import type { SyncLink, SyncStatus } from '../../core/sync-link.ts'
import type { Delivery, SyncRepository } from '../../core/sync-repository.ts'
import type { Task } from '../../core/task.ts'
import type { Database } from './binding.ts'
import type { Commits } from './commits.ts'
import { toLink } from './link-records.ts'
import type { Turns } from './turns.ts'

interface Text {
  readonly json: string
}

/** The bookkeeping of the GitHub sync, in the file where the tasks are. */
export const createSync = (db: Database, turns: Turns, commits: Commits): SyncRepository => {
  const findLink = db.prepare('SELECT json FROM github_links WHERE task_id = ?')
  const findLinkOfIssue = db.prepare('SELECT json FROM github_links WHERE issue_id = ?')
  const findDue = db.prepare('SELECT json FROM github_links WHERE next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?')
  const findByStatus = db.prepare('SELECT json FROM github_links WHERE status = ? AND task_id > ? ORDER BY task_id LIMIT ?')
  const count = db.prepare('SELECT status, count(*) AS count FROM github_links GROUP BY status')
  const findUnlinked = db.prepare(`
    SELECT json FROM tasks WHERE id > ? AND NOT EXISTS (SELECT 1 FROM github_links WHERE task_id = tasks.id) ORDER BY id LIMIT ?`)
  const addDelivery = db.prepare('INSERT OR IGNORE INTO github_deliveries (id, received_at, is_open, json) VALUES (?, ?, 1, ?)')
  const findOpen = db.prepare('SELECT json FROM github_deliveries WHERE is_open = 1 ORDER BY received_at LIMIT ?')
  const closeDelivery = db.prepare('UPDATE github_deliveries SET is_open = 0 WHERE id = ?')
  const forgetDeliveries = db.prepare('DELETE FROM github_deliveries WHERE is_open = 0 AND received_at < ?')
  const readState = db.prepare('SELECT json FROM sync_state WHERE name = ?')
  const writeState = db.prepare('INSERT OR REPLACE INTO sync_state (name, json) VALUES (?, ?)')
  const findLease = db.prepare('SELECT holder, fence, expires_at AS expiresAt FROM leases WHERE name = ?')
  const writeLease = db.prepare('INSERT OR REPLACE INTO leases (name, holder, fence, expires_at) VALUES (?, ?, ?, ?)')
  const endLease = db.prepare('UPDATE leases SET expires_at = 0 WHERE name = ? AND holder = ?')

  /** The file is ours alone, so whoever has held anything of it is gone. */
  db.exec('UPDATE leases SET expires_at = 0 WHERE expires_at > 0')

  const one = <T>(row: unknown): T | undefined => (row === undefined ? undefined : (JSON.parse((row as Text).json) as T))
  const many = <T>(rows: readonly unknown[]): T[] => rows.map((row) => JSON.parse((row as Text).json) as T)

  return {
    link: async (taskId) => turns.read(() => toLink((findLink.get(taskId) as Text | undefined)?.json)),
    linkOfIssue: async (issueId) => turns.read(() => one<SyncLink>(findLinkOfIssue.get(issueId))),
    changeLink: (taskId, decide) => turns.commit(() => commits.changeLink(taskId, decide)),
    addLink: (link) => turns.commit(() => commits.addLink(link)),
    dueLinks: async (now, limit) => turns.read(() => many<SyncLink>(findDue.all(now, limit))),
    links: async (status, after, limit) => turns.read(() => many<SyncLink>(findByStatus.all(status, after ?? '', limit))),

    countLinks: async () => {
      const rows = turns.read(() => count.all()) as unknown as { status: SyncStatus; count: number }[]
      return Object.fromEntries(rows.map((row) => [row.status, row.count]))
    },

    unlinkedTasks: async (after, limit) => turns.read(() => many<Task>(findUnlinked.all(after ?? '', limit))),

    addDelivery: (delivery) =>
      turns.commit(() => addDelivery.run(delivery.id, delivery.receivedAt, JSON.stringify(delivery)).changes > 0),
    openDeliveries: async (limit) => turns.read(() => many<Delivery>(findOpen.all(limit))),
    closeDelivery: (id, forgetBefore) =>
      turns.commit(() => {
        closeDelivery.run(id)
        forgetDeliveries.run(forgetBefore)
      }),

    readState: async (name) => turns.read(() => one<unknown>(readState.get(name))),
    writeState: (name, value) => turns.commit(() => void writeState.run(name, JSON.stringify(value))),

    hold: (name, holder, lengthMs) =>
      turns.commit(() => {
        const now = Date.now()
        const lease = findLease.get(name) as { holder: string; fence: number; expiresAt: number } | undefined
        if (lease && lease.holder !== holder && lease.expiresAt > now) return undefined
        const fence = lease?.holder === holder && lease.expiresAt > now ? lease.fence : (lease?.fence ?? 0) + 1
        writeLease.run(name, holder, fence, now + lengthMs)
        return fence
      }),
    release: (name, holder) => turns.commit(() => void endLease.run(name, holder)),
  }
}
