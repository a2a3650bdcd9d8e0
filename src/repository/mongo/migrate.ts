import type { Db } from 'mongodb'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import { StartupError } from '../startup-error.ts'
import {
  DELIVERY_INDEXES,
  EVENT_INDEXES,
  laterFields,
  markerOf,
  RECORD_INDEXES,
  RENAMED_STATES,
  SCHEMA_VERSION,
  taskIndexes,
} from './migrations.ts'

export interface MetaDocument {
  /** `schema`, or the marker of a later field (`markerOf`). */
  readonly _id: string
  readonly version: number
}

/**
 * Creates what is missing. Any replica may run it, concurrently and repeatedly. What takes long on
 * large collections is left to sort-key-fill.ts. Throws StartupError, having changed nothing, if a
 * newer program has written the database.
 */
export const migrate = async (db: Db, table: FieldTable): Promise<void> => {
  const meta = db.collection<MetaDocument>('meta')
  const versions = await readVersions(db, table)
  const found = versions.get('schema')
  if (found !== undefined && found > SCHEMA_VERSION) {
    throw new StartupError(
      `the database ${db.databaseName} is of version ${found}, newer than this program's ${SCHEMA_VERSION}: run a newer program`,
    )
  }
  const isFilled = (field: NamedField): boolean =>
    found === undefined || versions.has(markerOf(field))
  await db.collection('tasks').createIndexes(taskIndexes(table, isFilled))
  await db.collection('records').createIndexes([...RECORD_INDEXES])
  await db.collection('events').createIndexes([...EVENT_INDEXES])
  await db.collection('deliveries').createIndexes([...DELIVERY_INDEXES])
  if (found !== undefined && found < 4) await renameStates(db)
  if (found === undefined || found < SCHEMA_VERSION)
    await meta.updateOne({ _id: 'schema' }, { $max: { version: SCHEMA_VERSION } }, { upsert: true })
}

const renameStates = async (db: Db): Promise<void> => {
  for (const [before, after] of Object.entries(RENAMED_STATES))
    await db
      .collection('tasks')
      .updateMany({ 'link.status': before }, { $set: { 'link.status': after } })
}

const readVersions = async (db: Db, table: FieldTable): Promise<ReadonlyMap<string, number>> => {
  const ids = ['schema', ...laterFields(table).map(markerOf)]
  const documents = await db
    .collection<MetaDocument>('meta')
    .find({ _id: { $in: ids } })
    .toArray()
  return new Map(documents.map(({ _id, version }) => [_id, version]))
}
