import type { Inbox, Message } from '../../core/repository.ts'
import type { Database } from './driver.ts'
import type { TransactionQueue } from './transaction-queue.ts'

/**
 * The maximum number of processed messages that are deleted together, so that no request waits
 * long.
 */
const MAX_DELETED = 1000

export const INBOX_SQL = {
  add: 'INSERT OR IGNORE INTO inbox (id, received_at, is_open, json) VALUES (?, ?, 1, ?)',
  open: 'SELECT json FROM inbox WHERE is_open = 1 ORDER BY received_at LIMIT +?',
  close: 'UPDATE inbox SET is_open = 0 WHERE id = ?',
  deleteOld: `
    DELETE FROM inbox WHERE id IN (
      SELECT id FROM inbox WHERE is_open = 0 AND received_at < ? ORDER BY received_at LIMIT ${MAX_DELETED})`,
} as const

export const createInbox = (db: Database, queue: TransactionQueue): Inbox => {
  const add = db.prepare(INBOX_SQL.add)
  const findOpen = db.prepare(INBOX_SQL.open)
  const close = db.prepare(INBOX_SQL.close)
  const deleteOld = db.prepare(INBOX_SQL.deleteOld)

  return {
    add: (message) =>
      queue.write(
        () => add.run(message.id, message.receivedAt, JSON.stringify(message)).changes > 0,
      ),
    open: (limit) =>
      queue.read(() =>
        findOpen.all(limit).map((row) => JSON.parse((row as { json: string }).json) as Message),
      ),
    close: (id, deleteBefore) =>
      queue.write(() => {
        close.run(id)
        deleteOld.run(deleteBefore)
      }),
  }
}
