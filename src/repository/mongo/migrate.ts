import type { Db } from 'mongodb'
import { OpenError } from '../open-error.ts'
import { DELIVERY_INDEXES, EVENT_INDEXES, SCHEMA_VERSION, TASK_INDEXES } from './migrations.ts'

interface SchemaDocument {
  readonly _id: 'schema'
  readonly version: number
}

/**
 * Makes what is missing: any replica may do it, all at once, and again. Throws OpenError, having changed nothing, when a newer
 * program has written the database.
 */
export const migrate = async (db: Db): Promise<void> => {
  const meta = db.collection<SchemaDocument>('meta')
  const found = await meta.findOne({ _id: 'schema' })
  if (found !== null && found.version > SCHEMA_VERSION) {
    throw new OpenError(
      `the database ${db.databaseName} is of version ${found.version}, newer than this program's ${SCHEMA_VERSION}: run a newer program`,
    )
  }
  await db.collection('tasks').createIndexes([...TASK_INDEXES])
  await db.collection('events').createIndexes([...EVENT_INDEXES])
  await db.collection('deliveries').createIndexes([...DELIVERY_INDEXES])
  if (found === null || found.version < SCHEMA_VERSION)
    await meta.updateOne({ _id: 'schema' }, { $max: { version: SCHEMA_VERSION } }, { upsert: true })
}
