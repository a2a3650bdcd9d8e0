import { titleKey } from '../../core/title-key.ts'
import type { Database } from './driver.ts'

/** The columns of a task that its place in the order of titles depends on. */
export interface Place {
  readonly status: number
  readonly priority: number
  readonly title: string
}

/** Whether tasks at this place in the earlier order of titles have their row (title-fill.ts). */
const IS_FILLED = `
  coalesce((?1, ?2, ?5, ?4) <= (SELECT status, priority, title, key FROM title_fill), 1)`

/** The row of each task in `task_titles`, written in the commit of the task. */
export const createTitleRows = (db: Database) => {
  const insert = db.prepare(`
    INSERT INTO task_titles (status, priority, title_key, key) SELECT ?1, ?2, ?3, ?4 WHERE ${IS_FILLED}`)
  const remove = db.prepare(
    'DELETE FROM task_titles WHERE status = ?1 AND priority = ?2 AND title_key = ?3 AND key = ?4',
  )
  const removeByKey = db.prepare(`
    DELETE FROM task_titles WHERE status = ?1 AND priority = ?2 AND key = ?4 AND ${IS_FILLED}`)

  const parametersOf = (key: number, { status, priority, title }: Place) =>
    [status, priority, titleKey(title), key] as const

  const rows = {
    add(key: number, place: Place): void {
      insert.run(...parametersOf(key, place), place.title)
    },

    /** A Node.js with another version of Unicode may have made another key of the title. */
    remove(key: number, place: Place): void {
      const parameters = parametersOf(key, place)
      if (Number(remove.run(...parameters).changes) === 0)
        removeByKey.run(...parameters, place.title)
    },

    move(key: number, before: Place, after: Place): void {
      if (
        before.status === after.status &&
        before.priority === after.priority &&
        before.title === after.title
      )
        return
      rows.remove(key, before)
      rows.add(key, after)
    },
  }
  return rows
}
