import type { TableEntity } from '../../core/entity.ts'
import type { NamedField } from '../../core/field-table.ts'
import type { Position } from '../../core/task-query.ts'
import { fromColumn } from './columns.ts'
import type { Database, SQLInputValue, Statement } from './driver.ts'
import type { Source } from './slice-sql.ts'

/** The column that a list is sorted by, as it is sent to the scan thread. */
export type SortColumn = Pick<NamedField, 'name' | 'kind' | 'values' | 'initial'>

export const toSortColumn = ({ name, kind, values, initial }: NamedField): SortColumn => ({
  name,
  kind,
  values,
  initial,
})

/** The order of records, which is that of their creation. */
export const BY_ID: SortColumn = { name: 'id', kind: 'id', values: [], initial: undefined }

/**
 * Where a list goes on after a task or record: from its text if that was read anyway, else from its
 * columns.
 */
export const createNextPosition = (db: Database) => {
  const statements = new Map<string, Statement>()
  const find = (source: Source, name: string): Statement => {
    const sql = `SELECT id, ${name} AS value FROM ${source} WHERE key = ?`
    const found = statements.get(sql) ?? db.prepare(sql)
    statements.set(sql, found)
    return found
  }

  return {
    afterText(text: Buffer, { name, initial }: SortColumn): Position {
      const task = JSON.parse(text.toString()) as TableEntity
      return { value: (task[name] ?? initial) as string | null, id: task.id }
    },

    /** To be asked in the transaction that found the key. */
    afterKey(source: Source, key: number, sort: SortColumn): Position {
      const row = find(source, sort.name).get(key) as { id: string; value: SQLInputValue }
      return { value: fromColumn(sort, row.value), id: row.id }
    },
  }
}
