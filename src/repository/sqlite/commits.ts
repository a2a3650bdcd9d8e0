import {
  type CommitResult,
  claimRecord,
  type Decide,
  type DecideCompanion,
  planChange,
  planCompanion,
  planCreation,
  replay,
  replaysCurrent,
  type Write,
} from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { NewEvent } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { IdempotencyKey } from '../../core/idempotency.ts'
import { createTextReader } from '../../core/stored-text.ts'
import type { Database } from './binding.ts'
import { type CompanionRow, createCompanionRows, toCompanion } from './companion-rows.ts'
import { createKeyRecords } from './key-records.ts'
import { type OldTask, oldCompanion } from './old-companions.ts'
import type { TaskRows } from './task-rows.ts'

/** The writes, each to be run inside a transaction. */
export type Commits = ReturnType<typeof createCommits>

interface Row extends CompanionRow {
  readonly key: number
  readonly task: string
}

interface Current {
  readonly key: number
  readonly entity: TableEntity
  readonly companion: Companion | undefined
}

export const createCommits = (db: Database, table: FieldTable, rows: TaskRows) => {
  const keys = createKeyRecords(db, createTextReader(table))
  const companions = createCompanionRows(db)
  const find = db.prepare(`
    SELECT tasks.key, tasks.json AS task, c.state, c.due_at, c.reference, c.json
    FROM tasks LEFT JOIN companions c ON c.task_id = tasks.id WHERE tasks.id = ?`)
  const insertEvent = db.prepare('INSERT INTO events (resource_id, version, json) VALUES (?, ?, ?)')

  const read = (id: string): Current | undefined => {
    const row = find.get(id) as Row | undefined
    if (row === undefined) return undefined
    const stored = JSON.parse(row.task) as TableEntity & OldTask
    const companion = row.state === null ? oldCompanion(stored) : toCompanion(id, row)
    return { key: row.key, entity: table.withDefaults(stored), companion }
  }

  /** Columns hold what the text leaves out. */
  const addEvent = ({ resource_id, version, ...event }: NewEvent): void => {
    insertEvent.run(resource_id, version, JSON.stringify(event))
  }

  const apply = (
    id: string,
    current: Current | undefined,
    { entity, json = '', event, key: record, companion }: Write<TableEntity>,
    key?: IdempotencyKey,
  ): void => {
    if (companion === null) companions.remove(id)
    else if (companion !== undefined) companions.put(companion)
    if (entity === null && current) rows.remove(current.key, current.entity)
    else if (entity && current) rows.replace(current.key, current.entity, entity, json)
    else if (entity) rows.insert(entity, json)
    if (event) addEvent(event)
    if (key && record) keys.write(key, id, record)
  }

  return {
    create(
      task: TableEntity,
      event: NewEvent,
      key: IdempotencyKey | undefined,
      companion: Companion | undefined,
    ): CommitResult {
      const earlier = key && keys.find(key)
      if (key && earlier) {
        const { record, entityId } = earlier
        return replay(record, key, replaysCurrent(record, key) ? read(entityId)?.entity : undefined)
      }
      const { result, write } = planCreation(task, event, key, companion)
      apply(task.id, undefined, write, key)
      return result
    },

    change(id: string, decide: Decide<TableEntity>, key: IdempotencyKey | undefined): CommitResult {
      const current = read(id)
      const state = current ?? { entity: undefined, companion: undefined }
      const { result, write } = planChange(state, decide, key, key && keys.state(key, id))
      if (write) apply(id, current, write, key)
      return result
    },

    /** False when the key is bound to another request. */
    reserveKey(key: IdempotencyKey): boolean {
      const earlier = keys.find(key)
      if (earlier !== undefined) return earlier.record.fingerprint === key.fingerprint
      keys.write(key, null, claimRecord(key))
      return true
    },

    changeCompanion(id: string, decide: DecideCompanion<TableEntity>): Companion | undefined {
      const current = read(id)
      const state = current ?? { entity: undefined, companion: companions.get(id) }
      const { result, write } = planCompanion(state, decide)
      if (write) apply(id, current, write)
      return result
    },

    companion(id: string): Companion | undefined {
      const current = read(id)
      return current ? current.companion : companions.get(id)
    },
  }
}
