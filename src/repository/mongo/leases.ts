import type { Collection, Db } from 'mongodb'
import { acquireLease, type Lease, type Leases, releaseLease } from '../../core/lease.ts'
import { isDuplicateKey } from './database-error.ts'

export interface LeaseDocument {
  readonly _id: string
  readonly holder: string
  /** The fencing token. */
  readonly fence: number
  readonly expires_at: Date
}

/** The leases of a database (core/lease.ts), by the clocks of the processes that want them. */
export const createLeases = (openDb: () => Promise<Db>): Leases => {
  /** Writes on the very lease that was read; reads again when another process came first. */
  const change = async (
    name: string,
    decide: (current: Lease | undefined) => Lease | undefined,
  ): Promise<Lease | undefined> => {
    const leases = (await openDb()).collection<LeaseDocument>('leases')
    for (;;) {
      const found = await leases.findOne({ _id: name })
      const next = decide(found === null ? undefined : toLease(found))
      if (next === undefined) return undefined
      const isWritten =
        found === null
          ? await insert(leases, { _id: name, ...toFields(next) })
          : (await leases.updateOne(found, { $set: toFields(next) })).matchedCount === 1
      if (isWritten) return next
    }
  }

  return {
    async acquire(name, holder, lengthMs) {
      const next = await change(name, (current) =>
        acquireLease(current, { holder, lengthMs, now: Date.now() }),
      )
      return next?.fencingToken
    },

    async release(name, holder) {
      await change(name, (current) => releaseLease(current, holder))
    },
  }
}

const insert = async (
  leases: Collection<LeaseDocument>,
  document: LeaseDocument,
): Promise<boolean> => {
  try {
    await leases.insertOne(document)
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}

const toLease = ({ holder, fence, expires_at }: LeaseDocument): Lease => ({
  holder,
  fencingToken: fence,
  expiresAt: expires_at.getTime(),
})

const toFields = ({ holder, fencingToken, expiresAt }: Lease) => ({
  holder,
  fence: fencingToken,
  expires_at: new Date(expiresAt),
})
