import { createdEvent } from '#src/core/event.ts'
import type { IdempotencyKey, TaskRepository } from '#src/core/task-repository.ts'
import { createLink, type IssueLink, type LinkedIssue } from '#src/github/issue/issue-link.ts'
import { createTask, type Task, type TaskDraft } from '#src/task/task.ts'
import { instantAt } from '../core/task-arbitraries.ts'
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

export const toLinkedStore = (store: Store) => {
  const { repository, newId } = store
  const { sync } = repository

  /** A new task with a link: a new one with what is given. */
  const createLinked = (
    link: Partial<IssueLink> = {},
    draft: Partial<TaskDraft> = {},
    key?: IdempotencyKey,
  ) => {
    const task = createTask({ title: 'a task', ...draft }, newId(key?.key), instantAt(0))
    return repository.create(task, createdEvent(task, 'test'), key, {
      ...createLink(task.id, millisAt(0)),
      ...link,
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
      sync.changeLink(id, (link) => ({ ...link, ...fields, rev: link.rev + 1 })),

    forget: (id: string) => sync.changeLink(id, () => null),

    current: (id: string): Promise<Task | undefined> => readTask(repository, id),
  }
}

export const readTask = async (
  repository: TaskRepository,
  id: string,
): Promise<Task | undefined> => {
  const stored = await repository.get(id)
  return stored && (JSON.parse(stored.json) as Task)
}
