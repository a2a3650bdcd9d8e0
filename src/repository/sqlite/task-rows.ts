import type { TableEntity } from '../../core/entity.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { createTextReader } from '../../core/stored-text.ts'
import { createColumns, type TaskColumns, toMilliseconds } from './columns.ts'
import type { Rows } from './commits.ts'
import { type CompanionRow, toCompanion } from './companion-rows.ts'
import type { CreationOrder } from './creation-order.ts'
import type { Database } from './driver.ts'
import { createListRows } from './list-rows.ts'
import { type OldTask, oldCompanion } from './old-companions.ts'
import { createTitleRows, type Place } from './title-rows.ts'

interface Row extends CompanionRow {
  readonly key: number
  readonly task: string
}

/** A task's row and what is indexed beside it: the place of its title, its words and its lists. */
export const createTaskRows = (
  db: Database,
  table: FieldTable,
  keyOrder: CreationOrder,
): Rows<TableEntity> => {
  const columns = createColumns(table)
  const lists = createListRows(db, table)
  const titles = createTitleRows(db)
  const find = db.prepare(`
    SELECT tasks.key, tasks.json AS task, c.state, c.due_at, c.reference, c.json
    FROM tasks LEFT JOIN companions c ON c.task_id = tasks.id WHERE tasks.id = ?`)
  const insertTask = db.prepare(
    `INSERT INTO tasks (id, json, ${columns.names}) VALUES (?, ?${', ?'.repeat(columns.names.length)})`,
  )
  const deleteTask = db.prepare('DELETE FROM tasks WHERE key = ?')
  const insertWords = db.prepare('INSERT INTO task_words (rowid, words) VALUES (?, ?)')
  const deleteWords = db.prepare('DELETE FROM task_words WHERE rowid = ?')
  const update = createUpdate(db)

  return {
    read(id) {
      const row = find.get(id) as Row | undefined
      if (row === undefined) return undefined
      const stored = JSON.parse(row.task) as TableEntity & OldTask
      const companion = row.state === null ? oldCompanion(stored) : toCompanion(id, row)
      return { key: row.key, entity: table.withDefaults(stored), companion }
    },

    insert(task, json) {
      const values = columns.of(task)
      keyOrder.add(toMilliseconds(task.created_at))
      const { lastInsertRowid } = insertTask.run(task.id, json, ...Object.values(values))
      const key = Number(lastInsertRowid)
      titles.add(key, toPlace(values))
      lists.add(key, task)
      insertWords.run(key, table.wordsOf(task).join(' '))
      return true
    },

    replace({ key, entity: before }, after, json) {
      const [columnsBefore, columnsAfter] = [columns.of(before), columns.of(after)]
      update(key, columnsBefore, columnsAfter, json)
      titles.move(key, toPlace(columnsBefore), toPlace(columnsAfter))
      lists.replace(key, before, after)
      if (!table.haveSameWords(before, after)) {
        deleteWords.run(key)
        insertWords.run(key, table.wordsOf(after).join(' '))
      }
      return true
    },

    remove({ key, entity }) {
      titles.remove(key, toPlace(columns.of(entity)))
      deleteWords.run(key)
      deleteTask.run(key)
    },

    toText: createTextReader(table).one,
  }
}

const toPlace = (columns: TaskColumns): Place => columns as unknown as Place

/** Sets only the changed columns, as SQLite rewrites every index that a SET names. */
const createUpdate = (db: Database) => {
  const statements = new Map<string, ReturnType<Database['prepare']>>()
  return (key: number, before: TaskColumns, after: TaskColumns, json: string): void => {
    const changed = Object.keys(after).filter((column) => before[column] !== after[column])
    const assignments = changed.map((column) => `${column} = ?, `).join('')
    let statement = statements.get(assignments)
    if (statement === undefined) {
      statement = db.prepare(`UPDATE tasks SET ${assignments}json = ? WHERE key = ?`)
      statements.set(assignments, statement)
    }
    statement.run(...changed.map((column) => after[column] ?? null), json, key)
  }
}
