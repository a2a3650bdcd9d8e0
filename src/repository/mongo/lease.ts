import type { Collection } from 'mongodb'
import { isDuplicateKey } from './database-error.ts'

export interface LeaseDocument {
  readonly _id: string
  readonly holder: string
  /** The term: grows each time that another one takes the lease over. */
  readonly fence: number
  readonly expires_at: Date
}

/**
 * Takes or keeps what one holder at a time may have, for `lengthMs` from now. Resolves with the term when it is ours,
 * undefined while another one has it.
 */
export const hold = async (
  leases: Collection<LeaseDocument>,
  name: string,
  holder: string,
  lengthMs: number,
): Promise<number | undefined> => {
  const now = new Date()
  /** Most of those who ask only wait: they read, and write nothing. */
  const found = await leases.findOne({ _id: name })
  if (found !== null && found.holder !== holder && found.expires_at > now) return undefined
  const until = { expires_at: new Date(now.getTime() + lengthMs) }
  const ours = { _id: name, holder, expires_at: { $gt: now } }
  const kept = await leases.findOneAndUpdate(ours, { $set: until }, { returnDocument: 'after' })
  if (kept !== null) return kept.fence
  try {
    const free = { _id: name, expires_at: { $lte: now } }
    await leases.updateOne(
      free,
      { $set: { holder, ...until }, $inc: { fence: 1 } },
      { upsert: true },
    )
    return (await leases.findOne({ _id: name, holder }))?.fence
  } catch (error) {
    if (isDuplicateKey(error)) return undefined
    throw error
  }
}

/** Lets another one go on at once. */
export const release = async (
  leases: Collection<LeaseDocument>,
  name: string,
  holder: string,
): Promise<void> => {
  await leases.updateOne({ _id: name, holder }, { $set: { expires_at: new Date(0) } })
}
