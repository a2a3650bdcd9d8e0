import type { CommandStartedEvent } from 'mongodb'
import { AppError } from '../../core/errors.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { Repository } from '../../core/repository.ts'
import { createCommits } from './commits.ts'
import { createCompanionReads } from './companions.ts'
import { createConnection } from './connection.ts'
import { createDocuments } from './documents.ts'
import { createEntityCalls, toSlice } from './entity-calls.ts'
import { createInbox } from './inbox.ts'
import { createKeyValue } from './key-value.ts'
import { createLeases } from './leases.ts'
import { startOutboxRelay } from './outbox-relay.ts'
import { createReads } from './reads.ts'
import { recordDocuments } from './record-documents.ts'
import { createRecordReads, type RecordReads } from './record-reads.ts'
import { startSortKeyFill } from './sort-key-fill.ts'
import { type Deadline, runWrite } from './write-outcome.ts'

/**
 * Tasks in a MongoDB database. Resolves also while its server is down: then every call says so
 * until it is up. Throws StartupError for a URL that is none, and for a database of a newer version.
 * `onCommand` sees each command that is sent.
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
  const recordReads = connection.using(createRecordReads)
  const commits = connection.using((db) => createCommits(db, 'tasks', ['task', 'link']))
  const recordCommits = connection.using((db) => createCommits(db, 'records', ['kind', 'entity']))
  const calls = createEntityCalls()
  const taskDocuments = createDocuments(table)
  const companions = connection.using(createCompanionReads)
  const inbox = connection.using(createInbox)
  const values = connection.using(createKeyValue)
  const leases = connection.using((db) => createLeases(async () => db))

  return {
    tasks: {
      ...calls.of(taskDocuments, reads, commits),
      maxId: () => reads(({ maxId }, deadline) => maxId(deadline)).catch(unlessUnavailable),
      reserveKey: (key) => commits(({ reserveKey }, deadline) => reserveKey(key, deadline)),

      async list(query, after, limit, wholeBytes) {
        const selected = await reads(({ list }, deadline) =>
          list(query, after, limit, wholeBytes, deadline),
        )
        return toSlice(selected, reads)
      },
    },

    records(kind) {
      const readsOf = <R>(call: (reads: RecordReads, deadline: Deadline) => Promise<R>) =>
        recordReads(({ of }, deadline) => call(of(kind), deadline))
      return {
        ...calls.of(recordDocuments(kind), readsOf, recordCommits),
        byUniqueKey: (uniqueKey) =>
          readsOf(({ byUniqueKey }, deadline) => byUniqueKey(uniqueKey, deadline)),

        async list(parent, after, limit, wholeBytes) {
          const selected = await readsOf(({ list }, deadline) =>
            list(parent, after, limit, wholeBytes, deadline),
          )
          return toSlice(selected, readsOf)
        },
      }
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
        calls.inTurn(taskId, (deadline) =>
          commits((to) => to.changeCompanion(taskDocuments, taskId, decide, deadline), deadline),
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
