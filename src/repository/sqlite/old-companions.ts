import type { Companion } from '../../core/companion.ts'
import { startFill } from './background-fill.ts'
import { createCompanionRows } from './companion-rows.ts'
import type { Database } from './driver.ts'
import { createValueRows } from './key-value.ts'
import type { TransactionQueue } from './transaction-queue.ts'

/** How many tasks are looked at in one transaction. */
const TASKS_PER_STEP = 500

/** The name of the value with the id up to which 0.1.0 had written companions down. */
const UP_TO = 'links_written_up_to'

/** Greater than every id. */
const AFTER_ALL = '~'

/** A task of 0.1.0, which wrote down the companion of a new task only once it looked for work. */
export interface OldTask {
  readonly id: string
  readonly sync?: { readonly status: string; readonly next_attempt_at: string | null } | null
}

/**
 * The companion of a task of 0.1.0 that has none in `companions`: undefined if it has none at all.
 */
export const oldCompanion = ({ id, sync }: OldTask): Companion | undefined => {
  if (sync?.status !== 'pending' || sync.next_attempt_at === null) return undefined
  const dueAt = Date.parse(sync.next_attempt_at)
  return { taskId: id, rev: 1, state: 'pending', dueAt, reference: null, data: {} }
}

/** Writes down what 0.1.0 had not, in the background. */
export const fillCompanions = (db: Database, queue: TransactionQueue, hasOldTasks: boolean) => {
  const values = createValueRows(db)
  const companions = createCompanionRows(db)
  const findAfter = db.prepare('SELECT id, json FROM tasks WHERE id > ? ORDER BY id LIMIT +?')
  let upTo = (hasOldTasks ? (values.read(UP_TO) ?? '') : AFTER_ALL) as string

  return startFill(queue, upTo !== AFTER_ALL, () => {
    const rows = findAfter.all(upTo, TASKS_PER_STEP) as unknown as { id: string; json: string }[]
    for (const { id, json } of rows) {
      const companion = oldCompanion(JSON.parse(json) as OldTask)
      if (companion !== undefined && companions.get(id) === undefined) companions.put(companion)
    }
    const isLast = rows.length < TASKS_PER_STEP
    const next = isLast ? AFTER_ALL : (rows.at(-1)?.id ?? upTo)
    values.write(UP_TO, next)
    upTo = next
    return isLast
  })
}
