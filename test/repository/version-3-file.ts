import { join } from 'node:path'
import { createCommits } from '#src/repository/sqlite/commits.ts'
import { createCreationOrder } from '#src/repository/sqlite/creation-order.ts'
import { openDatabase } from '#src/repository/sqlite/driver.ts'
import { openFile } from '#src/repository/sqlite/file.ts'
import { createTaskRows } from '#src/repository/sqlite/task-rows.ts'
import { createTask, TASK, type Task, type TaskDraft } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import { createFolder } from '../start-app.ts'

/** What the migrations since version 3 have added, undone. */
const UNDO = `
  ALTER TABLE idempotency_keys RENAME COLUMN entity_id TO task_id;
  ALTER TABLE events RENAME COLUMN resource_id TO task_id;
  ALTER TABLE key_values RENAME TO sync_state;
  ALTER TABLE inbox RENAME TO github_deliveries;
  ALTER TABLE companions RENAME COLUMN reference TO issue_id;
  ALTER TABLE companions RENAME COLUMN due_at TO next_attempt_at;
  ALTER TABLE companions RENAME COLUMN state TO status;
  ALTER TABLE companions RENAME TO github_links;
  DROP TABLE task_titles;
  DROP TABLE title_fill;
  DROP TABLE records;
  ALTER TABLE events DROP COLUMN resource;
  DROP INDEX idempotency_keys_by_task_id;
  ALTER TABLE idempotency_keys DROP COLUMN version;
  PRAGMA user_version = 3`

/** A file with tasks as version 0.1.0 left it, before titles had their keys. */
export const createVersion3File = (
  drafts: readonly TaskDraft[],
  path = join(createFolder(), 'tasks.db'),
) => {
  const { db, close } = openFile(path)
  const commits = createCommits(db)
  const rows = createTaskRows(db, TASK, createCreationOrder(db))
  const newId = createUuids(undefined)
  db.exec('BEGIN')
  const tasks = drafts.map((draft, index): Task => {
    const task = createTask(draft, newId(), instantAt(index))
    commits.create(rows, task, createdEvent(task, BY), undefined, undefined)
    return task
  })
  db.exec('COMMIT')
  db.exec(UNDO)
  close()
  return { path, tasks }
}

/** How far the order of titles is filled, seen from outside the service. */
export const readTitleFill = (path: string) => {
  const db = openDatabase(path, { readOnly: true })
  try {
    const read = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0])
    return {
      isDone: read('SELECT count(*) FROM title_fill') === 0,
      filled: read('SELECT count(*) FROM task_titles'),
      hasEarlierIndex:
        read("SELECT count(*) FROM sqlite_schema WHERE name = 'tasks_by_state_and_title'") === 1,
    }
  } finally {
    db.close()
  }
}
