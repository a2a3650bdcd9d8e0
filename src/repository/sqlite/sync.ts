import type { Delivery, SyncRepository } from '../../core/sync-repository.ts'
import type { IssueLink } from '../../github/issue/issue-link.ts'
import { SYNC_STATUSES, type SyncStatus } from '../../github/issue/task-sync.ts'
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
  const leases = createLeases()

  const one = (row: unknown): unknown =>
    row === undefined ? undefined : JSON.parse((row as Text).json)
  const link = (row: unknown): IssueLink | undefined => toLink((row as Text | undefined)?.json)
  const linksOf = (rows: unknown[]): IssueLink[] =>
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

    acquireLease: async (name, holder, lengthMs) => leases.hold(name, holder, lengthMs),
    releaseLease: async (name, holder) => leases.release(name, holder),
  }
}

/** The file is this process's alone, so what is held of it need not be written down. Terms go on from the clock, to grow over a restart. */
const createLeases = () => {
  const first = Date.now()
  const leases = new Map<
    string,
    { readonly holder: string; readonly fence: number; readonly until: number }
  >()
  return {
    hold(name: string, holder: string, lengthMs: number): number | undefined {
      const now = performance.now()
      const lease = leases.get(name) ?? { holder, fence: first, until: 0 }
      const isHeld = lease.until > now
      if (isHeld && lease.holder !== holder) return undefined
      const fence = isHeld ? lease.fence : lease.fence + 1
      leases.set(name, { holder, fence, until: now + lengthMs })
      return fence
    },

    release(name: string, holder: string): void {
      const lease = leases.get(name)
      if (lease?.holder === holder) leases.set(name, { ...lease, until: 0 })
    },
  }
}
