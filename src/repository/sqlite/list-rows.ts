import type { TableEntity } from '../../core/entity.ts'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import { toMilliseconds } from './columns.ts'
import type { Database } from './driver.ts'

/** The table with a row for each text of a list, and its column for them: `task_labels.label`. */
export const listTable = ({ name, filter }: NamedField) => ({
  table: `task_${name}`,
  column: filter?.name ?? name,
})

/** The rows of the lists that are filtered by, written in the commit of their task. */
export const createListRows = (db: Database, { fields }: FieldTable) => {
  const lists = fields
    .filter(({ filter }) => filter?.by === 'all')
    .map((field) => {
      const { table, column } = listTable(field)
      return {
        of: (task: TableEntity) => task[field.name] as readonly string[],
        insert: db.prepare(`INSERT INTO ${table} (${column}, created_at, key) VALUES (?, ?, ?)`),
        remove: db.prepare(`DELETE FROM ${table} WHERE key = ?`),
      }
    })

  const add = (key: number, task: TableEntity, wanted = lists): void => {
    for (const { of, insert } of wanted)
      for (const text of of(task)) insert.run(text, toMilliseconds(task.created_at), key)
  }

  return {
    add: (key: number, task: TableEntity): void => add(key, task),

    /** The rows of a task that is deleted go with it. */
    replace(key: number, before: TableEntity, after: TableEntity): void {
      const changed = lists.filter(({ of }) => of(before).join('\0') !== of(after).join('\0'))
      for (const { remove } of changed) remove.run(key)
      add(key, after, changed)
    },
  }
}
