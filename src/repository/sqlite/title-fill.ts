import { startFill } from './background-fill.ts'
import type { Database } from './driver.ts'
import { createTitleRows, type Place } from './title-rows.ts'
import type { TransactionQueue } from './transaction-queue.ts'

/** How many tasks get their row in one transaction: few, so that no request waits long for it. */
const TASKS_PER_STEP = 200

type Row = Place & { readonly key: number }

/**
 * Gives the tasks of a file from before version 4 their rows in `task_titles`, in the background.
 * It goes through the index of the earlier order, whose neighbours mostly are neighbours in the new
 * one as well, so that a step writes few pages. The place it has come to is committed with the
 * rows, so a restart goes on from there. At the end the index goes.
 */
export const fillTitles = (db: Database, queue: TransactionQueue) => {
  const isNeeded = db.prepare('SELECT 1 FROM title_fill').get() !== undefined
  if (!isNeeded) dropEarlierIndex(db)
  return startFill(queue, isNeeded, createStep(db))
}

/** The next step, to be run inside a transaction. Returns whether it was the last. */
const createStep = (db: Database): (() => boolean) => {
  const titles = createTitleRows(db)
  const findNext = db.prepare(`
    SELECT status, priority, title, key FROM tasks
    WHERE (status, priority, title, key) > (SELECT status, priority, title, key FROM title_fill)
    ORDER BY status, priority, title, key LIMIT ${TASKS_PER_STEP}`)
  const moveTo = db.prepare('UPDATE title_fill SET status = ?, priority = ?, title = ?, key = ?')
  const finish = db.prepare('DELETE FROM title_fill')

  return () => {
    const places = findNext.all() as unknown as Row[]
    const last = places.at(-1)
    const isLast = places.length < TASKS_PER_STEP
    if (isLast) finish.run()
    else if (last !== undefined) moveTo.run(last.status, last.priority, last.title, last.key)
    for (const place of places) titles.add(place.key, place)
    if (isLast) dropEarlierIndex(db)
    return isLast
  }
}

const dropEarlierIndex = (db: Database): void =>
  db.exec('DROP INDEX IF EXISTS tasks_by_state_and_title')
