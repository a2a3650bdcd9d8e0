import { acquireLease, type Lease, type Leases, releaseLease } from '../../core/lease.ts'
import type { SyncLink } from '../../core/sync-link.ts'
import type { Delivery, SyncRepository } from '../../core/sync-repository.ts'
import { SYNC_STATUSES, type SyncStatus } from '../../core/task-sync.ts'
import type { Database, SQLInputValue } from './binding.ts'
import type { Commits } from './commits.ts'
import { toLink } from './link-records.ts'
import type { Scan } from './scanner.ts'
import { SYNC_SCANS, SYNC_SQL } from './sync-sql.ts'
import type { ToldLinks } from './told-links.ts'
import type { Turns } from './turns.ts'

interface Text {
  readonly json: string
}

interface StatusCount {
  readonly status: SyncStatus
  readonly count: number
}

/** The bookkeeping of the GitHub sync, in the file where the tasks are. What grows with them is read by `scan`, which delays no request. */
export const createSync = (
  db: Database,
  turns: Turns,
  commits: Commits,
  told: ToldLinks,
  scan: Scan,
): SyncRepository => {
  const findLinkOfIssue = db.prepare(SYNC_SQL.linkOfIssue)
  const findDue = db.prepare(SYNC_SQL.due)
  const findOfStatus = db.prepare(SYNC_SQL.ofStatus)
  const addDelivery = db.prepare(SYNC_SQL.addDelivery)
  const findOpen = db.prepare(SYNC_SQL.openDeliveries)
  const closeDelivery = db.prepare(SYNC_SQL.closeDelivery)
  const forgetDeliveries = db.prepare(SYNC_SQL.forgetDeliveries)
  const readState = db.prepare(SYNC_SQL.readState)
  const writeState = db.prepare(SYNC_SQL.writeState)

  const one = (row: unknown): unknown =>
    row === undefined ? undefined : JSON.parse((row as Text).json)
  const link = (row: unknown): SyncLink | undefined => toLink((row as Text | undefined)?.json)
  const linksOf = (rows: unknown[]): SyncLink[] =>
    (rows as Text[]).flatMap(({ json }) => toLink(json) ?? [])

  const scanned = async <T>(
    sql: string,
    parameters: readonly SQLInputValue[],
    limit: number,
  ): Promise<T[]> => JSON.parse(await scan('values', { sql, parameters }, limit)) as T[]

  return {
    link: (taskId) => turns.read(() => commits.link(taskId)),
    linkOfIssue: (issueId) => turns.read(() => link(findLinkOfIssue.get(issueId))),
    changeLink: (taskId, decide) => turns.commit(() => commits.changeLink(taskId, decide)),
    addLink: (taskId, now) => turns.commit(() => commits.addLink(taskId, now)),

    async dueLinks(now, limit) {
      for (;;) {
        const { due, areAll } = await turns.read(() => {
          const due = linksOf(findDue.all(now, limit))
          const last = due[limit - 1]?.nextAttemptAt
          return { due, areAll: typeof last === 'number' && !told.mayBeDueBefore(last) }
        })
        if (areAll || !(await told.writeSome())) return due
      }
    },

    async links(status, after, limit) {
      if (status === 'pending') while (await told.writeSome());
      return turns.read(() => linksOf(findOfStatus.all(status, after ?? '', limit)))
    },

    countLinks: async () => {
      const rows = await scanned<StatusCount>(
        SYNC_SCANS.counts,
        [told.upTo()],
        SYNC_STATUSES.length + 1,
      )
      const counts: Partial<Record<SyncStatus, number>> = {}
      for (const { status, count } of rows)
        if (count > 0) counts[status] = (counts[status] ?? 0) + count
      return counts
    },

    unlinkedTasks: (after, limit) =>
      scanned<string>(SYNC_SCANS.unlinked, [after ?? '', told.upTo()], limit),

    addDelivery: (delivery) =>
      turns.commit(
        () =>
          addDelivery.run(delivery.id, delivery.receivedAt, JSON.stringify(delivery)).changes > 0,
      ),
    openDeliveries: (limit) =>
      turns.read(() => findOpen.all(limit).map((row) => one(row) as Delivery)),
    closeDelivery: (id, forgetBefore) =>
      turns.commit(() => {
        closeDelivery.run(id)
        forgetDeliveries.run(forgetBefore)
      }),

    readState: (name) => turns.read(() => one(readState.get(name))),
    writeState: (name, value) =>
      turns.commit(() => void writeState.run(name, JSON.stringify(value))),

    ...createLeases(),
  }
}

/**
 * Leases stay in memory: one process owns the file. Fencing tokens start at the clock, so they grow
 * across restarts.
 */
const createLeases = (): Leases => {
  const firstToken = Date.now()
  const leases = new Map<string, Lease>()
  const set = (name: string, lease: Lease | undefined): Lease | undefined => {
    if (lease !== undefined) leases.set(name, lease)
    return lease
  }
  return {
    acquireLease: async (name, holder, lengthMs) => {
      const request = { holder, lengthMs, now: performance.now() }
      return set(name, acquireLease(leases.get(name), request, firstToken))?.fencingToken
    },
    releaseLease: async (name, holder) => void set(name, releaseLease(leases.get(name), holder)),
  }
}
