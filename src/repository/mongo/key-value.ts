import type { Db } from 'mongodb'
import type { KeyValue } from '../../core/repository.ts'
import { type Deadline, runRead, runWrite } from './write-outcome.ts'

interface ValueDocument {
  readonly _id: string
  readonly json: string
}

/** Values in a collection named by version 0.1.0. */
export const createKeyValue = (db: Db) => {
  const values = db.collection<ValueDocument>('sync_state')

  return (deadline: Deadline): KeyValue => ({
    async read(name) {
      const found = await runRead(deadline, () => values.findOne({ _id: name }))
      return found === null ? undefined : (JSON.parse(found.json) as unknown)
    },

    async write(name, value) {
      const update = { $set: { json: JSON.stringify(value) } }
      await runWrite(deadline, () => values.updateOne({ _id: name }, update, { upsert: true }))
    },
  })
}
