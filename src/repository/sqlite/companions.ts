import type { Companion } from '../../core/companion.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { Companions } from '../../core/repository.ts'
import type { Commits, Rows } from './commits.ts'
import { type CompanionRow, toCompanion } from './companion-rows.ts'
import type { Database, SQLInputValue } from './driver.ts'
import type { Scan } from './scanner.ts'
import type { TransactionQueue } from './transaction-queue.ts'

const FIELDS = 'task_id, state, due_at, reference, json'

export const COMPANION_SQL = {
  byReference: `SELECT ${FIELDS} FROM companions WHERE reference = ? ORDER BY task_id LIMIT 1`,
  due: `SELECT ${FIELDS} FROM companions WHERE due_at <= ? ORDER BY due_at LIMIT +?`,
  inState: `
    SELECT ${FIELDS} FROM companions WHERE state = ? AND task_id > ? ORDER BY task_id LIMIT +?`,
} as const

/** What grows with the tasks. Each has the number of rows as its last parameter. */
export const COMPANION_SCANS = {
  counts: `
    SELECT json_object('state', state, 'count', count(*)) AS json FROM companions
    GROUP BY state LIMIT +?`,
  missing: `
    SELECT json_quote(id) AS json FROM tasks
    WHERE id > ? AND NOT EXISTS (SELECT 1 FROM companions WHERE task_id = tasks.id)
    ORDER BY id LIMIT +?`,
} as const

/** More than there are states. */
const MAX_STATES = 1000

/** What grows with the tasks is read by `scan`, which delays no request. */
export const createCompanions = (
  db: Database,
  queue: TransactionQueue,
  commits: Commits,
  tasks: Rows<TableEntity>,
  scan: Scan,
): Companions => {
  const findByReference = db.prepare(COMPANION_SQL.byReference)
  const findDue = db.prepare(COMPANION_SQL.due)
  const findInState = db.prepare(COMPANION_SQL.inState)

  const toCompanions = (rows: unknown[]): Companion[] =>
    (rows as (CompanionRow & { task_id: string })[]).map((row) => toCompanion(row.task_id, row))

  const scanned = async <T>(
    sql: string,
    parameters: readonly SQLInputValue[],
    limit: number,
  ): Promise<T[]> => JSON.parse(await scan('values', { sql, parameters }, limit)) as T[]

  return {
    get: (taskId) => queue.read(() => commits.companion(tasks, taskId)),
    byReference: (reference) => queue.read(() => toCompanions(findByReference.all(reference))[0]),
    due: (now, limit) => queue.read(() => toCompanions(findDue.all(now, limit))),
    inState: (state, after, limit) =>
      queue.read(() => toCompanions(findInState.all(state, after ?? '', limit))),

    async counts() {
      const rows = await scanned<{ readonly state: string; readonly count: number }>(
        COMPANION_SCANS.counts,
        [],
        MAX_STATES,
      )
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
    },

    missing: (after, limit) => scanned<string>(COMPANION_SCANS.missing, [after ?? ''], limit),
    change: (taskId, decide) => queue.write(() => commits.changeCompanion(tasks, taskId, decide)),
  }
}
