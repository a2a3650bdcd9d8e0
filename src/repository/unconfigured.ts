import { AppError } from '../core/errors.ts'
import type { Repository } from '../core/repository.ts'
import { EMPTY_SLICE } from '../core/slice.ts'

/** No database at all: the list is empty, and everything that needs a database is refused. */
export const createUnconfiguredRepository = (): Repository => {
  const refuse = async (): Promise<never> => {
    throw new AppError('database_not_configured', 'Database not configured')
  }
  return {
    tasks: {
      get: refuse,
      maxId: async () => undefined,
      list: async () => EMPTY_SLICE,
      history: refuse,
      create: refuse,
      change: refuse,
      reserveKey: refuse,
    },
    records: () => ({
      get: refuse,
      byUniqueKey: refuse,
      list: refuse,
      history: refuse,
      create: refuse,
      change: refuse,
    }),
    companions: {
      get: refuse,
      byReference: refuse,
      due: refuse,
      inState: refuse,
      counts: refuse,
      missing: refuse,
      change: refuse,
    },
    inbox: { add: refuse, open: refuse, close: refuse },
    leases: { acquire: refuse, release: refuse },
    values: { read: refuse, write: refuse },
    events: { lagMs: () => 0 },
    ping: refuse,
    close: async () => {},
  }
}
