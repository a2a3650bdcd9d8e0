import { randomUUID } from 'node:crypto'
import { formatInstant } from '../core/instant.ts'
import type { Repository } from '../core/repository.ts'
import type { Credential } from './api/client.ts'
import { clockWarnings, type GithubClock } from './api/github-clock.ts'
import type { RepositoryPlace } from './api/issues-client.ts'
import { type LimitOptions, readLimits } from './api/limits.ts'
import { BLOCK, homeState, LAST_DELIVERY, LAST_SWEEP, TRY_AGAIN } from './api/state-keys.ts'
import type { GithubStatus } from './github-status.ts'
import { type IssueLink, retryNow } from './issue/issue-link.ts'
import type { SyncError, SyncStatus } from './issue/task-sync.ts'
import type { LinkStore } from './link-store.ts'
import { linkPages } from './step/link-pages.ts'

/**
 * States that a person may want to have tried again; of the linked ones those with an error, as
 * labels were dropped.
 */
const REVIVABLE = [
  'blocked',
  'failed',
  'issue_missing',
  'linked',
] as const satisfies readonly SyncStatus[]

/** How many tasks are linked together. */
const PAGE = 100

/** What an operator sees of the sync, and can do. */
export const createOperations = (
  { tasks, values }: Pick<Repository, 'tasks' | 'values'>,
  links: LinkStore,
  credential: Credential,
  settings: LimitOptions & { readonly repository: string },
  wake: () => void,
  now: () => number,
  clock: GithubClock,
) => ({
  async status(): Promise<GithubStatus> {
    const states = [homeState(settings.repository), BLOCK, LAST_SWEEP, LAST_DELIVERY].map((name) =>
      values.read(name),
    )
    const [limits, jobs, home, blocked, lastSweep, lastDelivery] = await Promise.all([
      readLimits(values, credential, settings, clock),
      links.countLinks(),
      ...states,
    ])
    const { pausedUntil, reason, nextCreateAt, budget, clockOffset } = limits
    return {
      repository: (home as RepositoryPlace | undefined)?.fullName ?? settings.repository,
      blocked: (blocked ?? null) as SyncError | null,
      budget:
        budget === undefined
          ? null
          : {
              limit: budget.limit,
              remaining: budget.remaining,
              resets_at: instant(budget.resetsAt),
            },
      paused_until: instant(pausedUntil),
      pause_reason: reason,
      next_issue_at: instant(nextCreateAt > now() ? nextCreateAt : null),
      jobs: jobs as Record<string, number>,
      last_sweep_at: instant(lastSweep as number | undefined),
      last_delivery_at: instant(lastDelivery as number | undefined),
      clock_offset_ms: clockOffset,
      warnings: clockWarnings(clockOffset),
    }
  },

  jobs: (status: SyncStatus, after: string | undefined, limit: number): Promise<IssueLink[]> =>
    links.links(status, after, limit),

  /** The link of a task: null if the task has none, undefined if there is no such task. */
  async link(taskId: string): Promise<IssueLink | null | undefined> {
    const [task, link] = await Promise.all([tasks.get(taskId), links.link(taskId)])
    return task && (link ?? null)
  },

  /** Tries a task's job now, or begins one. False when there is no such task. */
  async retry(taskId: string): Promise<boolean> {
    const revive = async () =>
      (await links.changeLink(taskId, (link) => retryNow(link, now()))) !== undefined
    /** A task that cannot be linked is gone, or another request has just linked it. */
    const isKnown = (await revive()) || (await links.addLink(taskId)) || (await revive())
    if (!isKnown) return false
    await values.write(TRY_AGAIN, randomUUID())
    wake()
    return true
  },

  /**
   * Retries all jobs that wait for a person, or those stopped for one reason. Resolves with their
   * number.
   */
  async retryAll(reason: string | undefined): Promise<number> {
    let count = 0
    for (const status of REVIVABLE) {
      for await (const page of linkPages(links, status)) {
        const wanted = page.filter(
          ({ error }) =>
            (status !== 'linked' || error !== null) &&
            (reason === undefined || error?.code === reason),
        )
        await Promise.all(
          wanted.map(({ taskId }) => links.changeLink(taskId, (link) => retryNow(link, now()))),
        )
        count += wanted.length
      }
    }
    await values.write(TRY_AGAIN, randomUUID())
    wake()
    return count
  },

  /**
   * Links every task that has no issue. Resolves with how many; with `isDryRun` they are only
   * counted.
   */
  async linkAll(isDryRun: boolean): Promise<number> {
    let count = 0
    for (let after: string | undefined; ; ) {
      const taskIds = await links.unlinkedTasks(after, PAGE)
      const added = await Promise.all(taskIds.map((id) => isDryRun || links.addLink(id)))
      count += added.filter(Boolean).length
      after = taskIds.at(-1)
      if (taskIds.length < PAGE) break
    }
    if (!isDryRun) wake()
    return count
  },
})

const instant = (milliseconds: number | null | undefined): string | null =>
  milliseconds == null ? null : formatInstant(milliseconds)
