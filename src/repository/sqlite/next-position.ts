import { formatInstant } from '../../core/instant.ts'
import { TASK_PRIORITIES, type Task } from '../../core/task.ts'
import { type Position, positionOf, type Sort, type SortKey } from '../../core/task-query.ts'
import type { Database } from './binding.ts'
import { PRIORITY_CODES, type TaskColumns } from './columns.ts'

/** Where a list goes on after a task or record: from its text if that was read anyway, else from its columns. */
export const createNextPosition = (db: Database) => {
  const find = db.prepare(
    'SELECT id, priority, title, created_at, updated_at, due_at FROM tasks WHERE key = ?',
  )
  const findRecord = db.prepare('SELECT id FROM records WHERE key = ?')
  return {
    afterText: (text: Buffer, sort: Sort): Position =>
      positionOf(JSON.parse(text.toString()) as Task, sort),

    /** To be asked in the transaction that found the key. Records have the order of their ids. */
    afterKey(source: string, key: number, sort: Sort): Position {
      if (source === 'records')
        return { value: null, id: (findRecord.get(key) as { readonly id: string }).id }
      const row = find.get(key) as unknown as SortColumns
      return { value: sortValueOf(row, sort.key), id: row.id }
    },
  }
}

type SortColumns = Pick<TaskColumns, 'priority' | 'title' | 'updated_at' | 'due_at'> & {
  readonly id: string
  readonly created_at: number
}

const sortValueOf = (row: SortColumns, key: SortKey): string | null => {
  if (key === 'title') return row.title
  if (key === 'priority')
    return TASK_PRIORITIES.find((name) => PRIORITY_CODES[name] === row.priority) ?? null
  const milliseconds = row[key]
  return milliseconds === null ? null : formatInstant(milliseconds)
}
