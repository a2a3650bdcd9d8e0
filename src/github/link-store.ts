import { newOperationId, type RequestContext } from '../core/context.ts'
import type { Companions } from '../core/repository.ts'
import type { Task, TaskPatch } from '../task/task.ts'
import type { Tracking } from '../task/tracking.ts'
import type { GithubClock } from './api/github-clock.ts'
import { atVersion, createLink, type IssueLink, toCompanion, toLink } from './issue/issue-link.ts'
import type { SyncStatus } from './issue/task-sync.ts'

/**
 * What a step decides on a link and its task as they are: the next link, null to remove it,
 * undefined or the same link to leave it. Must be pure.
 */
export type LinkDecision = (link: IssueLink, task: Task | undefined) => IssueLink | null | undefined

export type LinkStore = ReturnType<typeof createLinkStore>

/** The links of tasks to their issues, which are the tasks' companions. */
export const createLinkStore = (
  companions: Companions,
  tracking: Tracking,
  { ours: now, toGithub }: Pick<GithubClock, 'ours' | 'toGithub'>,
) => ({
  async link(taskId: string): Promise<IssueLink | undefined> {
    const found = await companions.get(taskId)
    return found && toLink(found)
  },

  async linkOfIssue(issueId: string): Promise<IssueLink | undefined> {
    const found = await companions.byReference(issueId)
    return found && toLink(found)
  },

  dueLinks: async (limit: number): Promise<IssueLink[]> =>
    (await companions.due(now(), limit)).map(toLink),

  links: async (
    status: SyncStatus,
    after: string | undefined,
    limit: number,
  ): Promise<IssueLink[]> => (await companions.inState(status, after, limit)).map(toLink),

  countLinks: companions.counts,
  unlinkedTasks: companions.missing,

  /**
   * A link that gets another issue, or whose issue gets another URL, is a commit of its task, which
   * shows both. `context` is that of the step which the commit belongs to.
   */
  async changeLink(
    taskId: string,
    decide: LinkDecision,
    context: RequestContext = trackerContext(now),
  ): Promise<IssueLink | undefined> {
    const changed = await tracking.track(context, taskId, (task, companion) => {
      if (companion === undefined) return undefined
      const link = toLink(companion)
      const next = decide(link, task)
      if (next === undefined || next === link) return undefined
      return {
        patch: issueFields(next),
        companion(version) {
          if (next === null) return null
          if (task === undefined || version === task.version) return toCompanion(next)
          const changedAt = toGithub(Date.parse(task.updated_at))
          return toCompanion(atVersion(next, task.version, version, changedAt))
        },
      }
    })
    return changed && toLink(changed)
  },

  /** Links a task that has no link, to have its issue created. False if it has one or is gone. */
  async addLink(taskId: string): Promise<boolean> {
    let isAdded = false
    await tracking.track(trackerContext(now), taskId, (task, companion) => {
      isAdded = task !== undefined && companion === undefined
      if (task === undefined || companion !== undefined) return undefined
      return {
        patch: {},
        companion: (version) => toCompanion(createLink(taskId, now(), version)),
      }
    })
    return isAdded
  },
})

/**
 * The context of a step of the sync; `login` is who made the change at GitHub, if that is known.
 */
export const trackerContext = (now: () => number, login: string | null = null): RequestContext => ({
  actor: { type: 'github', id: null, name: login },
  operationId: newOperationId(),
  now,
})

/** The fields of a task that show its issue. */
export const issueFields = (link: IssueLink | null): TaskPatch =>
  link?.issue ? { external_reference_id: link.issue.id, external_url: link.issue.url } : {}
