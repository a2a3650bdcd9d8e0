import type { Database } from './driver.ts'

/**
 * Watches whether the keys have the default order, by creation. They do unless a clock was set
 * back, which is kept in the same commit as the task that shows it.
 */
export type CreationOrder = ReturnType<typeof createCreationOrder>

export const createCreationOrder = (db: Database) => {
  const end = db.prepare('UPDATE task_order SET is_key_order = 0')
  const { newest } = db.prepare('SELECT max(created_at) AS newest FROM tasks').get() as {
    newest: number | null
  }
  const { isKeyOrder } = db.prepare('SELECT is_key_order AS isKeyOrder FROM task_order').get() as {
    isKeyOrder: number
  }
  let latest = newest ?? 0
  let holds = isKeyOrder === 1

  return {
    /** To be called within the commit of a new task. */
    add(createdAt: number): void {
      if (createdAt < latest) {
        end.run()
        holds = false
      }
      latest = Math.max(latest, createdAt)
    },
    holds: (): boolean => holds,
  }
}
