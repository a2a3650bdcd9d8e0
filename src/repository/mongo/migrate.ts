import type { Db } from 'mongodb'
import { OpenError } from '../open-error.ts'
import {
  DELIVERY_INDEXES,
  EVENT_INDEXES,
  RECORD_INDEXES,
  RENAMED_STATES,
  SCHEMA_VERSION,
  TASK_INDEXES,
  TITLE_INDEX,
} from './migrations.ts'

export interface MetaDocument {
  readonly _id: 'schema' | 'title_keys'
  /** Of the schema; of the title keys, the version that every task has them since. */
  readonly version: number
}

/**
 * Makes what is missing: any replica may do it, all at once, and again. What takes long where there
 * are many tasks is left to title-keys.ts. Throws OpenError, having changed nothing, when a newer
 * program has written the database.
 */
export const migrate = async (db: Db): Promise<void> => {
  const meta = db.collection<MetaDocument>('meta')
  const versions = await readVersions(db)
  const found = versions.get('schema')
  if (found !== undefined && found > SCHEMA_VERSION) {
    throw new OpenError(
      `the database ${db.databaseName} is of version ${found}, newer than this program's ${SCHEMA_VERSION}: run a newer program`,
    )
  }
  const hasTitleKeys = found === undefined || versions.has('title_keys')
  await db
    .collection('tasks')
    .createIndexes(TASK_INDEXES.filter((index) => hasTitleKeys || index !== TITLE_INDEX))
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

const readVersions = async (db: Db): Promise<ReadonlyMap<MetaDocument['_id'], number>> => {
  const documents = await db
    .collection<MetaDocument>('meta')
    .find({ _id: { $in: ['schema', 'title_keys'] } })
    .toArray()
  return new Map(documents.map(({ _id, version }) => [_id, version]))
}
