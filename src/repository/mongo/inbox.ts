import type { Db } from 'mongodb'
import type { Inbox, Message } from '../../core/repository.ts'
import { atMost } from './companions.ts'
import { isDuplicateKey } from './database-error.ts'
import { type Deadline, runRead, runWrite } from './write-outcome.ts'

/** A message in the inbox, in a collection named by version 0.1.0. */
interface MessageDocument {
  readonly _id: string
  readonly received_at: number
  readonly is_open: boolean
  readonly delivery: Message
}

/**
 * The maximum number of processed messages that are deleted together, so that no request waits
 * long.
 */
const MAX_DELETED = 1000

/** All that one call asks for shares its deadline. */
export const createInbox = (db: Db) => {
  const messages = db.collection<MessageDocument>('deliveries')

  return (deadline: Deadline): Inbox => ({
    async add(message) {
      const { id, receivedAt } = message
      const document = { _id: id, received_at: receivedAt, is_open: true, delivery: message }
      try {
        await runWrite(deadline, () => messages.insertOne(document))
        return true
      } catch (error) {
        if (isDuplicateKey(error)) return false
        throw error
      }
    },

    async open(limit) {
      const options = { sort: { received_at: 1 } as const, ...atMost(limit) }
      const found = await runRead(deadline, () =>
        messages.find({ is_open: true }, options).toArray(),
      )
      return found.map(({ delivery }) => delivery)
    },

    async close(id, deleteBefore) {
      await runWrite(deadline, () => messages.updateOne({ _id: id }, { $set: { is_open: false } }))
      const old = { is_open: false, received_at: { $lt: deleteBefore } }
      const options = {
        projection: { _id: 1 },
        sort: { received_at: 1 },
        ...atMost(MAX_DELETED),
      } as const
      const ids = (await runRead(deadline, () => messages.find(old, options).toArray())).map(
        ({ _id }) => _id,
      )
      if (ids.length > 0) await runWrite(deadline, () => messages.deleteMany({ _id: { $in: ids } }))
    },
  })
}
