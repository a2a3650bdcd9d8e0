import { readTask } from '../../core/old-task.ts'
import { tokenize } from '../../core/search.ts'
import type { Task } from '../../core/task.ts'
import type { Database, SQLInputValue } from './binding.ts'
import { type TaskColumns, toColumns, toMilliseconds } from './columns.ts'
import type { Rows } from './commits.ts'
import { type CompanionRow, toCompanion } from './companion-rows.ts'
import type { KeyOrder } from './key-order.ts'
import { oldCompanion } from './old-companions.ts'
import { createTitleRows } from './title-rows.ts'

interface Row extends CompanionRow {
  readonly key: number
  readonly task: string
}

/** A task's row and what is indexed beside it: the place of its title, its words and its labels. */
export const createTaskRows = (db: Database, keyOrder: KeyOrder): Rows<Task> => {
  const titles = createTitleRows(db)
  const find = db.prepare(`
    SELECT tasks.key, tasks.json AS task, c.state, c.due_at, c.reference, c.json
    FROM tasks LEFT JOIN companions c ON c.task_id = tasks.id WHERE tasks.id = ?`)
  const insertTask = db.prepare(`
    INSERT INTO tasks (id, created_at, json, version, status, priority, title, updated_at, due_at, external_reference_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const deleteTask = db.prepare('DELETE FROM tasks WHERE key = ?')
  const insertLabel = db.prepare(
    'INSERT INTO task_labels (label, created_at, key) VALUES (?, ?, ?)',
  )
  const deleteLabels = db.prepare('DELETE FROM task_labels WHERE key = ?')
  const insertWords = db.prepare('INSERT INTO task_words (rowid, words) VALUES (?, ?)')
  const deleteWords = db.prepare('DELETE FROM task_words WHERE rowid = ?')
  const update = createUpdate(db)

  const addLabels = (task: Task, key: number): void => {
    for (const label of task.labels) insertLabel.run(label, toMilliseconds(task.created_at), key)
  }

  return {
    read(id) {
      const row = find.get(id) as Row | undefined
      if (row === undefined) return undefined
      const stored = JSON.parse(row.task) as Task
      const companion = row.state === null ? oldCompanion(stored) : toCompanion(id, row)
      return { key: row.key, entity: readTask(stored), companion }
    },

    insert(task, json) {
      const { version, status, priority, title, updated_at, due_at, external_reference_id } =
        toColumns(task)
      const createdAt = toMilliseconds(task.created_at)
      keyOrder.add(createdAt)
      const { lastInsertRowid } = insertTask.run(
        task.id,
        createdAt,
        json,
        version,
        status,
        priority,
        title,
        updated_at,
        due_at,
        external_reference_id,
      )
      titles.add(Number(lastInsertRowid), { status, priority, title })
      addLabels(task, Number(lastInsertRowid))
      insertWords.run(lastInsertRowid, searchable(task))
      return true
    },

    replace({ key, entity: before }, after, json) {
      const [columnsBefore, columnsAfter] = [toColumns(before), toColumns(after)]
      update(key, columnsBefore, columnsAfter, json)
      titles.move(key, columnsBefore, columnsAfter)
      if (before.labels.join('\0') !== after.labels.join('\0')) {
        deleteLabels.run(key)
        addLabels(after, key)
      }
      if (before.title !== after.title || before.description !== after.description) {
        deleteWords.run(key)
        insertWords.run(key, searchable(after))
      }
      return true
    },

    remove({ key, entity }) {
      titles.remove(key, toColumns(entity))
      deleteWords.run(key)
      deleteTask.run(key)
    },
  }
}

const searchable = (task: Task): string => tokenize(`${task.title}\n${task.description}`).join(' ')

/** Sets only the changed columns, as SQLite rewrites every index that a SET names. */
const createUpdate = (db: Database) => {
  const statements = new Map<string, ReturnType<Database['prepare']>>()
  return (key: number, before: TaskColumns, after: TaskColumns, json: string): void => {
    const changed = (Object.keys(after) as (keyof TaskColumns)[]).filter(
      (column) => before[column] !== after[column],
    )
    const assignments = changed.map((column) => `${column} = ?, `).join('')
    let statement = statements.get(assignments)
    if (statement === undefined) {
      statement = db.prepare(`UPDATE tasks SET ${assignments}json = ? WHERE key = ?`)
      statements.set(assignments, statement)
    }
    statement.run(...changed.map((column): SQLInputValue => after[column]), json, key)
  }
}
