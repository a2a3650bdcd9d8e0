import {
  type CommitResult,
  claimRecord,
  type Decide,
  type DecideCompanion,
  type Plan,
  planChange,
  planCompanion,
  planCreation,
  replay,
  replaysCurrent,
  type State,
  type UniqueKeyTaken,
  type Write,
} from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { TableEntity } from '../../core/entity.ts'
import { type NewEvent, resourceOf } from '../../core/event.ts'
import type { IdempotencyKey } from '../../core/idempotency.ts'
import { createCompanionRows } from './companion-rows.ts'
import type { Database } from './driver.ts'
import { createKeyRecords } from './key-records.ts'

/** An entity and its companion, with the key of its row. */
export interface Current<E extends TableEntity> extends State<E> {
  readonly key: number
  readonly entity: E
}

/** How the entities of one kind are stored, each with what is indexed of it. */
export interface Rows<E extends TableEntity> {
  read(id: string): Current<E> | undefined
  /** False, having written nothing, if another entity has the unique key. So is `replace`. */
  insert(entity: E, json: string): boolean
  replace(current: Current<E>, next: E, json: string): boolean
  remove(current: Current<E>): void
  /**
   * The stored JSON text of one, with the fields that it may lack as an earlier version stored it.
   */
  toText(json: string): string
}

/** The writes, each to be run inside a transaction. */
export type Commits = ReturnType<typeof createCommits>

const ABSENT = { entity: undefined, companion: undefined }
const TAKEN: UniqueKeyTaken = { kind: 'taken' }

export const createCommits = (db: Database) => {
  const keys = createKeyRecords(db)
  const companions = createCompanionRows(db)
  const insertEvent = db.prepare(
    'INSERT INTO events (resource_id, version, resource, json) VALUES (?, ?, ?, ?)',
  )

  /** Columns hold what the text leaves out. */
  const addEvent = ({ resource_id, version, ...event }: NewEvent): void => {
    insertEvent.run(resource_id, version, resourceOf(event), JSON.stringify(event))
  }

  /** False, having written nothing, if another entity has the unique key. */
  const apply = <E extends TableEntity>(
    rows: Rows<E>,
    id: string,
    current: Current<E> | undefined,
    { entity, json = '', event, key: record, companion }: Write<E>,
    key: IdempotencyKey | undefined,
  ): boolean => {
    if (entity === null && current) rows.remove(current)
    else if (entity) {
      const isWritten = current ? rows.replace(current, entity, json) : rows.insert(entity, json)
      if (!isWritten) return false
    }
    if (companion === null) companions.remove(id)
    else if (companion !== undefined) companions.put(companion)
    if (event) addEvent(event)
    if (key && record) keys.write(key, id, record)
    return true
  }

  const carryOut = <E extends TableEntity, R>(
    rows: Rows<E>,
    id: string,
    current: Current<E> | undefined,
    { result, write }: Plan<E, R>,
    key?: IdempotencyKey,
  ): R | UniqueKeyTaken =>
    write === undefined || apply(rows, id, current, write, key) ? result : TAKEN

  return {
    create<E extends TableEntity>(
      rows: Rows<E>,
      entity: E,
      event: NewEvent,
      key: IdempotencyKey | undefined,
      companion: Companion | undefined,
    ): CommitResult {
      const earlier = key && keys.find(key, rows.toText)
      if (key && earlier) {
        const { record, entityId } = earlier
        const isNeeded = replaysCurrent(record, key)
        return replay(record, key, isNeeded ? rows.read(entityId)?.entity : undefined)
      }
      const plan = planCreation(entity, event, key, companion)
      return carryOut(rows, entity.id, undefined, plan, key)
    },

    change<E extends TableEntity>(
      rows: Rows<E>,
      id: string,
      decide: Decide<E>,
      key: IdempotencyKey | undefined,
    ): CommitResult {
      const current = rows.read(id)
      const plan = planChange(
        current ?? ABSENT,
        decide,
        key,
        key && keys.state(key, id, rows.toText),
      )
      return carryOut(rows, id, current, plan, key)
    },

    /** False when the key is bound to another request. */
    reserveKey(key: IdempotencyKey): boolean {
      const earlier = keys.find(key)
      if (earlier !== undefined) return earlier.record.fingerprint === key.fingerprint
      keys.write(key, null, claimRecord(key))
      return true
    },

    changeCompanion<E extends TableEntity>(
      rows: Rows<E>,
      id: string,
      decide: DecideCompanion<E>,
    ): Companion | undefined {
      const current = rows.read(id)
      const state = current ?? { entity: undefined, companion: companions.get(id) }
      const { result, write } = planCompanion(state, decide)
      if (write) apply(rows, id, current, write, undefined)
      return result
    },

    companion<E extends TableEntity>(rows: Rows<E>, id: string): Companion | undefined {
      const current = rows.read(id)
      return current ? current.companion : companions.get(id)
    },
  }
}
