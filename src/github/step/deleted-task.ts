import type { NewEvent } from '../../core/event.ts'
import type { SyncContext } from './sync-context.ts'

const PAGE = 500

/**
 * Whether an issue was that of a task which is deleted by now, as the task's history tells. If the
 * task never knew its issue, it was: the create was not confirmed. False for a copy of its issue,
 * and for a task that this database does not know.
 */
export const wasIssueOfDeletedTask = async (
  { history }: Pick<SyncContext, 'history'>,
  taskId: string,
  issueId: string,
): Promise<boolean> => {
  const last = await lastEvent(history, taskId)
  if (last?.type !== 'task.deleted') return false
  return (last.changes['external_reference_id']?.before ?? issueId) === issueId
}

const lastEvent = async (
  history: SyncContext['history'],
  taskId: string,
): Promise<NewEvent | undefined> => {
  for (let after = 0; ; ) {
    const { sizes, next, read } = await history(taskId, after, PAGE, 0)
    if (next !== undefined) after = next
    else if (sizes.length === 0) return undefined
    else return JSON.parse(`${(await read(sizes.length - 1, sizes.length)).bytes}`) as NewEvent
  }
}
