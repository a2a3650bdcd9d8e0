import type { Task, TaskPriority, TaskStatus } from '../../core/task.ts'

export const STATUS_CODES: Readonly<Record<TaskStatus, number>> = {
  pending: 0,
  in_progress: 1,
  completed: 2,
}
export const PRIORITY_CODES: Readonly<Record<TaskPriority, number>> = { low: 0, medium: 1, high: 2 }

export const toMilliseconds = (instant: string): number => Date.parse(instant)

/** What a task's row holds beside its identity: the columns that lists are found and sorted by, and the record itself. */
export const toColumns = (task: Task) => ({
  version: task.version,
  status: STATUS_CODES[task.status],
  priority: PRIORITY_CODES[task.priority],
  title: task.title,
  updated_at: toMilliseconds(task.updated_at),
  due_at: task.due_at === null ? null : toMilliseconds(task.due_at),
  external_reference_id: task.external_reference_id,
})
export type TaskColumns = ReturnType<typeof toColumns>
