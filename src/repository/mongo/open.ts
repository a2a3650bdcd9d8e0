import type { CommandStartedEvent } from 'mongodb'
import { AppError } from '../../core/errors.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { Repository } from '../../core/repository.ts'
import { type Commits, createCommits } from './commits.ts'
import { createCompanionReads } from './companions.ts'
import { createConnection } from './connection.ts'
import { createInbox } from './inbox.ts'
import { createKeyValue } from './key-value.ts'
import { createKeyedMutex } from './keyed-mutex.ts'
import { createLeases } from './leases.ts'
import { startOutboxRelay } from './outbox-relay.ts'
import { createReads } from './reads.ts'
import { startSortKeyFill } from './sort-key-fill.ts'
import { createDeadline, type Deadline, runWrite } from './write-outcome.ts'

/**
 * Tasks in a MongoDB database. Resolves also while its server is down: then every call says so until it is up. Throws
 * OpenError for a URL that is none, and for a database of a newer version. `onCommand` sees each command that is sent.
 */
export const openMongoRepository = async (
  url: string,
  table: FieldTable,
  onCommand?: (event: CommandStartedEvent) => void,
): Promise<Repository> => {
  const connection = createConnection(url, table, onCommand)
  await connection.ready().catch(unlessUnavailable)
  const relay = startOutboxRelay(connection)
  const sortKeyFill = startSortKeyFill(connection, table)
  const reads = connection.using((db) => createReads(db, table))
  const commits = connection.using((db) => createCommits(db, table))
  const companions = connection.using(createCompanionReads)
  const inbox = connection.using(createInbox)
  const values = connection.using(createKeyValue)
  const leases = connection.using((db) => createLeases(async () => db))
  const inTurn = createKeyedMutex()

  const commitInTurn = <T>(
    id: string,
    run: (commits: Commits, deadline: Deadline) => Promise<T>,
  ): Promise<T> => {
    const deadline = createDeadline()
    return inTurn(id, deadline, () => commits(run, deadline))
  }

  return {
    tasks: {
      maxId: () => reads(({ maxId }, deadline) => maxId(deadline)).catch(unlessUnavailable),
      get: (id) => reads(({ get }, deadline) => get(id, deadline)),

      async list(query, after, limit, wholeBytes) {
        const selected = await reads(({ list }, deadline) =>
          list(query, after, limit, wholeBytes, deadline),
        )
        const { keys, sizes } = selected
        return {
          ...selected,
          async read(from, end) {
            const size = sizes.slice(from, end).reduce((sum, one) => sum + one, 0)
            const { bytes, count } = await reads(({ texts }, deadline) =>
              texts(keys.slice(from, end), size, deadline),
            )
            return { bytes, end: from + count }
          },
        }
      },

      async history(id, after, limit, wholeBytes) {
        const selected = await reads(({ history }, deadline) =>
          history(id, after, limit, wholeBytes, deadline),
        )
        return {
          ...selected,
          async read(from, end) {
            const texts = reads(({ eventTexts }, deadline) =>
              eventTexts(id, after + from, end - from, deadline),
            )
            return { bytes: await texts, end }
          },
        }
      },

      create: (task, event, key, companion) =>
        commits(({ create }, deadline) => create(task, event, key, companion, deadline)),
      change: (id, decide, key) =>
        commitInTurn(id, ({ change }, deadline) => change(id, decide, key, deadline)),
      reserveKey: (key) => commits(({ reserveKey }, deadline) => reserveKey(key, deadline)),
    },

    companions: {
      get: (taskId) => companions((at, deadline) => at(deadline).get(taskId)),
      byReference: (reference) => companions((at, deadline) => at(deadline).byReference(reference)),
      due: (now, limit) => companions((at, deadline) => at(deadline).due(now, limit)),
      inState: (state, after, limit) =>
        companions((at, deadline) => at(deadline).inState(state, after, limit)),
      counts: () => companions((at, deadline) => at(deadline).counts()),
      missing: (after, limit) => companions((at, deadline) => at(deadline).missing(after, limit)),
      change: (taskId, decide) =>
        commitInTurn(taskId, ({ changeCompanion }, deadline) =>
          changeCompanion(taskId, decide, deadline),
        ),
    },

    inbox: {
      add: (message) => inbox((at, deadline) => at(deadline).add(message)),
      open: (limit) => inbox((at, deadline) => at(deadline).open(limit)),
      close: (id, deleteBefore) => inbox((at, deadline) => at(deadline).close(id, deleteBefore)),
    },

    values: {
      read: (name) => values((at, deadline) => at(deadline).read(name)),
      write: (name, value) => values((at, deadline) => at(deadline).write(name, value)),
    },

    leases: {
      acquire: (name, holder, lengthMs) =>
        leases(({ acquire }, deadline) =>
          runWrite(deadline, () => acquire(name, holder, lengthMs)),
        ),
      release: (name, holder) =>
        leases(({ release }, deadline) => runWrite(deadline, () => release(name, holder))),
    },

    events: { lagMs: relay.lag },
    ping: connection.ping,

    async close() {
      await Promise.all([relay.stop(), sortKeyFill.stop()])
      await connection.close()
    },
  }
}

const unlessUnavailable = (error: unknown): undefined => {
  if (error instanceof AppError) return undefined
  throw error
}
