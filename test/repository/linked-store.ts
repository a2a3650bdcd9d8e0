import type { Companion } from '#src/core/companion.ts'
import type { IdempotencyKey } from '#src/core/idempotency.ts'
import type { Repository } from '#src/core/repository.ts'
import { createGithubClock } from '#src/github/api/github-clock.ts'
import {
  createLink,
  type IssueLink,
  type LinkedIssue,
  toCompanion,
  toLink,
} from '#src/github/issue/issue-link.ts'
import type { SyncStatus } from '#src/github/issue/task-sync.ts'
import { createLinkStore, trackerContext } from '#src/github/link-store.ts'
import { createTask, type Task, type TaskDraft } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { createTracking } from '#src/task/tracking.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import { type Open, openStore, type Store, toTask } from './task-store.ts'

/** An instant so many seconds after the start of 2026, in milliseconds. */
export const millisAt = (seconds: number): number => Date.parse(instantAt(seconds))

export const issueOf = (id: string, number = 1): LinkedIssue => ({
  id,
  number,
  url: `https://github.com/acme/tasks/issues/${number}`,
  updatedAt: '2026-01-01T00:00:00Z',
})

/** A store whose tasks have links. */
export const openLinked = async (open: Open) => toLinkedStore(await openStore(open))

/** The links of a repository, as the steps of the sync use them. */
export const toSync = (repository: Repository) => {
  const { companions, inbox, leases, values } = repository
  const tracking = createTracking(repository, () => '')
  const links = createLinkStore(
    companions,
    tracking,
    createGithubClock(() => millisAt(0)),
  )
  const toLinks = async (found: Promise<Companion[]>): Promise<IssueLink[]> =>
    (await found).map(toLink)

  return {
    ...links,
    dueLinks: (now: number, limit: number) => toLinks(companions.due(now, limit)),
    links: (status: SyncStatus, after: string | undefined, limit: number) =>
      toLinks(companions.inState(status, after, limit)),

    async addLink(taskId: string, now: number): Promise<boolean> {
      let isAdded = false
      await tracking.track(
        trackerContext(() => now),
        taskId,
        (task, companion) => {
          isAdded = task !== undefined && companion === undefined
          if (!isAdded) return undefined
          return {
            patch: {},
            companion: (version) => toCompanion(createLink(taskId, now, version)),
          }
        },
      )
      return isAdded
    },

    addDelivery: inbox.add,
    openDeliveries: inbox.open,
    closeDelivery: inbox.close,
    readState: values.read,
    writeState: values.write,
    acquireLease: leases.acquire,
    releaseLease: leases.release,
  }
}

export const toLinkedStore = (store: Store) => {
  const { repository, newId } = store
  const sync = toSync(repository)

  /** A new task with a link: a new one with what is given. */
  const createLinked = (
    link: Partial<IssueLink> = {},
    draft: Partial<TaskDraft> = {},
    key?: IdempotencyKey,
  ) => {
    const task = createTask({ title: 'a task', ...draft }, newId(key?.key), instantAt(0))
    return repository.tasks.create(task, createdEvent(task, BY), key, {
      ...toCompanion({ ...createLink(task.id, millisAt(0)), ...link }),
    })
  }

  return {
    ...store,
    sync,
    createLinked,

    async addLinked(link?: Partial<IssueLink>, draft?: Partial<TaskDraft>): Promise<Task> {
      return toTask(await createLinked(link, draft))
    },

    /** Changes a link as a step of the sync does. */
    step: (id: string, fields: Partial<IssueLink>) =>
      sync.changeLink(id, (link) => ({ ...link, ...fields })),

    forget: (id: string) => sync.changeLink(id, () => null),

    current: (id: string): Promise<Task | undefined> => readTask(repository, id),
  }
}

export const readTask = async (repository: Repository, id: string): Promise<Task | undefined> => {
  const stored = await repository.tasks.get(id)
  return stored && (JSON.parse(stored.json) as Task)
}
