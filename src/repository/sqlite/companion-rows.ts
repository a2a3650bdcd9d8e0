import type { Companion } from '../../core/companion.ts'
import type { Database } from './driver.ts'

/** All null if there is no companion. */
export interface CompanionRow {
  readonly state: string | null
  readonly due_at: number | null
  readonly reference: string | null
  readonly json: string | null
}

export const toCompanion = (
  taskId: string,
  { state, due_at, reference, json }: CompanionRow,
): Companion => {
  const { rev = 1, ...data } = JSON.parse(json ?? '{}') as { rev?: number }
  return { taskId, rev, state: state ?? '', dueAt: due_at, reference, data }
}

/** The companions, read and written inside the transaction of the commit that they belong to. */
export const createCompanionRows = (db: Database) => {
  const find = db.prepare('SELECT state, due_at, reference, json FROM companions WHERE task_id = ?')
  const replace = db.prepare(`
    INSERT INTO companions (task_id, state, due_at, reference, json) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (task_id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at,
      reference = excluded.reference, json = excluded.json`)
  const remove = db.prepare('DELETE FROM companions WHERE task_id = ?')

  return {
    get(taskId: string): Companion | undefined {
      const row = find.get(taskId) as CompanionRow | undefined
      return row && toCompanion(taskId, row)
    },

    put({ taskId, rev, state, dueAt, reference, data }: Companion): void {
      replace.run(taskId, state, dueAt, reference, JSON.stringify({ rev, ...data }))
    },

    remove(taskId: string): void {
      remove.run(taskId)
    },
  }
}
