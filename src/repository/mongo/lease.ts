import { randomUUID } from 'node:crypto'
import type { Collection } from 'mongodb'
import { isDuplicateKey } from './database-error.ts'

export interface LeaseDocument {
  readonly _id: string
  readonly holder: string
  /** The term: grows each time that another one takes the lease over. */
  readonly fence: number
  readonly expires_at: Date
}

/** A task that one replica at a time does. Held by whoever renews it; free once it was not renewed for its length. */
export const createLease = (leases: () => Promise<Collection<LeaseDocument>>, name: string, lengthMs: number) => {
  const holder = randomUUID()

  return {
    /** Takes the lease or keeps it: the term when it is ours, undefined while another one holds it. */
    async hold(): Promise<number | undefined> {
      const collection = await leases()
      const now = Date.now()
      const until = { expires_at: new Date(now + lengthMs) }
      const kept = await collection.findOneAndUpdate(
        { _id: name, holder, expires_at: { $gt: new Date(now) } },
        { $set: until },
        { returnDocument: 'after' },
      )
      if (kept !== null) return kept.fence
      try {
        const free = { _id: name, expires_at: { $lte: new Date(now) } }
        await collection.updateOne(free, { $set: { holder, ...until }, $inc: { fence: 1 } }, { upsert: true })
        const taken = await collection.findOne({ _id: name, holder })
        return taken?.fence
      } catch (error) {
        if (isDuplicateKey(error)) return undefined
        throw error
      }
    },

    /** Lets another one go on at once. */
    async release(): Promise<void> {
      await (await leases()).updateOne({ _id: name, holder }, { $set: { expires_at: new Date(0) } })
    },
  }
}
