import type { KeyValue } from '../../core/repository.ts'
import type { Database } from './driver.ts'
import type { TransactionQueue } from './transaction-queue.ts'

export const KEY_VALUE_SQL = {
  read: 'SELECT json FROM key_values WHERE name = ?',
  write: 'INSERT OR REPLACE INTO key_values (name, json) VALUES (?, ?)',
} as const

/** The values within a transaction that is under way. */
export const createValueRows = (db: Database) => {
  const find = db.prepare(KEY_VALUE_SQL.read)
  const replace = db.prepare(KEY_VALUE_SQL.write)
  return {
    read(name: string): unknown {
      const row = find.get(name) as { readonly json: string } | undefined
      return row && JSON.parse(row.json)
    },
    write: (name: string, value: unknown): void => void replace.run(name, JSON.stringify(value)),
  }
}

export const createKeyValue = (db: Database, queue: TransactionQueue): KeyValue => {
  const rows = createValueRows(db)
  return {
    read: (name) => queue.read(() => rows.read(name)),
    write: (name, value) => queue.write(() => rows.write(name, value)),
  }
}
