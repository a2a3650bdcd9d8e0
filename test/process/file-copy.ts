import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Database, openDatabase } from '#src/repository/sqlite/driver.ts'
import { createFolder } from '../start-app.ts'

/**
 * Looks into a copy of the database as a killed (or stopped) process left it, so that the service itself has to
 * recover the file when it starts again.
 */
export const lookInto = <T>(path: string, look: (db: Database) => T): T => {
  const copy = join(createFolder(), 'copy.db')
  for (const suffix of ['', '-wal'])
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
  const db = openDatabase(copy)
  try {
    return look(db)
  } finally {
    db.close()
  }
}

export const numberOf = (db: Database, sql: string): number =>
  Number(Object.values(db.prepare(sql).get() ?? {})[0])

/** Conditions that hold after every whole commit and are broken by half of one; each counts what breaks it. */
const HALF_WRITES = {
  'events are numbered without gaps': 'SELECT max(sequence) - count(*) FROM events',
  'a task has as many events as versions':
    'SELECT count(*) FROM tasks WHERE version <> (SELECT count(*) FROM events WHERE resource_id = tasks.id)',
  'the history of a task that is gone ends with its deletion': `
    SELECT count(*) FROM events AS last WHERE resource_id NOT IN (SELECT id FROM tasks)
    AND sequence = (SELECT max(sequence) FROM events WHERE resource_id = last.resource_id) AND json ->> 'type' <> 'task.deleted'`,
  'a task is its record':
    "SELECT count(*) FROM tasks WHERE id <> json ->> 'id' OR version <> json ->> 'version' OR title <> json ->> 'title'",
  'a task has its labels':
    "SELECT count(*) FROM tasks WHERE json_array_length(json, '$.labels') <> (SELECT count(*) FROM task_labels WHERE key = tasks.key)",
  'no label is left over':
    'SELECT count(*) FROM task_labels WHERE key NOT IN (SELECT key FROM tasks)',
  'a task has its search words':
    'SELECT count(*) FROM tasks WHERE key NOT IN (SELECT id FROM task_words_docsize)',
  'no search words are left over':
    'SELECT count(*) FROM task_words_docsize WHERE id NOT IN (SELECT key FROM tasks)',
  'a task has its place in the order of titles': `
    SELECT count(*) FROM tasks WHERE coalesce((status, priority, title, key) <= (SELECT * FROM title_fill), 1)
    AND (status, priority, title_key(title), key) NOT IN (SELECT * FROM task_titles)`,
  'no place in the order of titles is left over': `
    SELECT count(*) FROM task_titles WHERE (status, priority, title_key, key) NOT IN (
      SELECT status, priority, title_key(title), key FROM tasks
      WHERE coalesce((status, priority, title, key) <= (SELECT * FROM title_fill), 1))`,
  'a key of a change stands for a version that happened': `
    SELECT count(*) FROM idempotency_keys AS k WHERE version IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM events WHERE resource_id = k.entity_id AND version = k.version)`,
  'a key stands for a creation that happened': `
    SELECT count(*) FROM idempotency_keys
    WHERE entity_id IS NOT NULL AND entity_id NOT IN (SELECT resource_id FROM events WHERE json ->> 'type' = 'task.created')`,
}

/** No page is damaged and no write is half there. */
export const expectWhole = (db: Database): void => {
  expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  const broken = Object.entries(HALF_WRITES).map(([name, sql]) => [name, numberOf(db, sql)])
  expect(Object.fromEntries(broken)).toEqual(
    Object.fromEntries(Object.keys(HALF_WRITES).map((name) => [name, 0])),
  )
}
