import type { Companion } from '../core/companion.ts'
import type { RequestContext } from '../core/context.ts'
import { nextVersion } from '../core/entity.ts'
import type { Changes } from '../core/event.ts'
import { toKey } from '../core/idempotency.ts'
import { formatInstant } from '../core/instant.ts'
import type { Repository } from '../core/repository.ts'
import { createTask, patchTask, type Task, type TaskDraft, type TaskPatch } from './task.ts'
import { changedEvent, createdEvent } from './task-event.ts'

/** What an issue tracker does to a task. */
export interface TrackerChange {
  /** Fields to set; a change that changes nothing makes no version. */
  readonly patch: TaskPatch
  /** Values of the issue that were discarded, with those that were kept; they make an event. */
  readonly overruled?: Changes | undefined
  /** The companion once the task has this version: null removes it, undefined leaves it. */
  companion(version: number): Companion | null | undefined
}

/** Decides on a task and its companion as they are. Undefined leaves both. Must be pure. */
export type DecideTracker = (
  task: Task | undefined,
  companion: Companion | undefined,
) => TrackerChange | undefined

export type Tracking = ReturnType<typeof createTracking>

/** The writes of an issue tracker: commits of tasks together with their companions. */
export const createTracking = (
  { tasks, companions }: Pick<Repository, 'tasks' | 'companions'>,
  newId: (key?: string) => string,
) => ({
  /** Makes a task of an issue, with its companion. A retry with the same key makes no other. */
  async importIssue(
    context: RequestContext,
    draft: TaskDraft,
    toCompanion: (taskId: string) => Companion,
  ): Promise<void> {
    const key = toKey(context)
    const task = createTask(draft, newId(key?.key), formatInstant(context.now()))
    await tasks.create(task, createdEvent(task, context), key, toCompanion(task.id))
  },

  /** Carries out a tracker's change of a task and its companion. Resolves with the companion. */
  async track(
    context: RequestContext,
    id: string,
    decide: DecideTracker,
  ): Promise<Companion | undefined> {
    const at = formatInstant(context.now())
    return companions.change(id, (companion, current) => {
      const task = current as Task | undefined
      const decided = decide(task, companion)
      if (decided === undefined) return { kind: 'keep' }
      if (task === undefined) return { kind: 'keep', companion: decided.companion(0) }
      const { overruled } = decided
      const patched = patchTask(task, decided.patch, at)
      const next = patched === task && overruled ? nextVersion(task, at) : patched
      const after = decided.companion(next.version)
      return next === task
        ? { kind: 'keep', companion: after }
        : {
            kind: 'change',
            entity: next,
            event: changedEvent(task, next, context, overruled),
            companion: after,
          }
    })
  },
})
