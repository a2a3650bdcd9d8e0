import type { Decision } from '#src/core/commit.ts'
import type { Companion } from '#src/core/companion.ts'
import type { RequestContext } from '#src/core/context.ts'
import type { TableEntity } from '#src/core/entity.ts'
import type { NewEvent } from '#src/core/event.ts'
import type { Draft, FieldTable } from '#src/core/field-table.ts'
import type { Entities, Repository } from '#src/core/repository.ts'
import type { Slice } from '#src/core/slice.ts'
import { createCompanionRule } from '#src/github/companion-rule.ts'
import { TASK, type Task, type TaskDraft, type TaskPatch } from '#src/task/task.ts'
import { changedEvent, createdEvent, deletedEvent } from '#src/task/task-event.ts'
import { NOTE, type Note, type NoteDraft, type NotePatch } from '../notes.ts'
import type { TaskFilter } from './task-model.ts'

type By = Pick<RequestContext, 'actor' | 'operationId'>

/** As `Decide`, for a caller who knows of no companion. */
export type ClientDecide<E extends Sample> = (current: E, companion?: Companion) => Decision<E>

/** What the suites run over: the tasks of a repository, or its records of a kind. */
export interface Subject<E extends Sample = Sample, D = SampleDraft, P = SamplePatch> {
  readonly kind: 'task' | 'note'
  of(repository: Repository): Entities<E>
  /** The first ones, in the order of their creation. Records have no filters: all are found. */
  list(repository: Repository, filter: TaskFilter, wholeBytes: number): Promise<Slice<unknown>>
  create(draft: D, id: string, at: string): E
  patch(entity: E, patch: P, at: string): E
  createdEvent(entity: E, by: By): NewEvent
  changedEvent(before: E, after: E, by: By): NewEvent
  deletedEvent(entity: E, by: By, at: string): NewEvent
  /** The type of the event of a change of the status. */
  statusEvent(what: 'completed' | 'reopened'): string
  /** A client's decision, with what becomes of the companion. */
  decide(decide: (current: E) => Decision<E>): ClientDecide<E>
}

/** The fields that tasks and notes have in common. */
type Common =
  | 'title'
  | 'description'
  | 'status'
  | 'priority'
  | 'labels'
  | 'due_at'
  | 'external_reference_id'

export type Sample = Pick<
  Task,
  Exclude<Common, 'labels'> | 'id' | 'version' | 'created_at' | 'updated_at'
> & { readonly labels: readonly string[] }
export type SampleDraft = Pick<TaskDraft, Exclude<Common, 'labels'>> & Labelled
export type SamplePatch = Pick<TaskPatch, Exclude<Common, 'labels'>> & Labelled
interface Labelled {
  readonly labels?: readonly string[]
}

const OLDEST_FIRST = { key: 'created_at', descending: false } as const
const FIRST = 1000

/** Tasks with the fields of a table. */
export const tasksOf = (
  table: FieldTable,
): Subject<Task, TaskDraft & Draft, TaskPatch & Draft> => ({
  kind: 'task',
  of: ({ tasks }) => tasks as unknown as Entities<Task>,
  list: ({ tasks }, filter, wholeBytes) =>
    tasks.list({ filter, sort: OLDEST_FIRST }, undefined, FIRST, wholeBytes),
  create: table.create as (draft: Draft, id: string, at: string) => Task & TableEntity,
  patch: table.change as (task: Task, patch: Draft, at: string) => Task,
  createdEvent,
  changedEvent,
  deletedEvent,
  statusEvent: (what) => `task.${what}`,

  decide: (decide) => (task, companion) => {
    const decision = decide(task)
    if (decision.kind !== 'change' && decision.kind !== 'delete') return decision
    const { version, time } = decision.event
    const rule = createCompanionRule(
      () => Date.parse(time),
      () => null,
    )
    const isDeleted = decision.kind === 'delete'
    return { ...decision, companion: companion && rule.follow(companion, version, isDeleted) }
  },
})

export const TASKS = tasksOf(TASK)

export const NOTES: Subject<Note, NoteDraft, NotePatch> = {
  kind: 'note',
  of: (repository) => repository.records(NOTE),
  list: (repository, _, wholeBytes) =>
    repository.records(NOTE).list(undefined, undefined, FIRST, wholeBytes),
  create: NOTE.table.create,
  patch: NOTE.table.change,
  createdEvent: NOTE.createdEvent,
  changedEvent: NOTE.changedEvent,
  deletedEvent: NOTE.deletedEvent,
  statusEvent: () => 'note.updated',
  decide: (decide) => decide,
}

/** The suites use what these have in common. */
export const SUBJECTS = [TASKS, NOTES] as unknown as readonly Subject[]
