import type { CommandStartedEvent } from 'mongodb'
import { AppError } from '../../core/errors.ts'
import type { FieldTable } from '../../core/field-table.ts'
import type { TaskRepository } from '../../core/task-repository.ts'
import { type Commits, createCommits } from './commits.ts'
import { createConnection } from './connection.ts'
import { createDeadline, type Deadline } from './deadline.ts'
import type { TaskDocument } from './documents.ts'
import { createReads } from './reads.ts'
import { createRelay } from './relay.ts'
import { createSortKeyFill } from './sort-key-fill.ts'
import { createSyncCalls } from './sync.ts'
import { createTaskQueues } from './task-queues.ts'

/**
 * Tasks in a MongoDB database. Resolves also while its server is down: then every call says so until it is up. Throws
 * OpenError for a URL that is none, and for a database of a newer version. `onCommand` sees each command that is sent.
 */
export const openMongoRepository = async (
  url: string,
  table: FieldTable,
  onCommand?: (event: CommandStartedEvent) => void,
): Promise<TaskRepository> => {
  const connection = createConnection(url, table, onCommand)
  await connection.ready().catch(unlessUnavailable)
  const relay = createRelay(connection)
  const sortKeyFill = createSortKeyFill(connection, table)
  const reads = connection.using((db) => createReads(db, table))
  const commits = connection.using((db) =>
    createCommits(db.collection<TaskDocument>('tasks'), table),
  )
  const sync = connection.using(createSyncCalls)
  const inTurn = createTaskQueues()

  const commitInTurn = <T>(
    id: string,
    run: (commits: Commits, deadline: Deadline) => Promise<T>,
  ): Promise<T> => {
    const deadline = createDeadline()
    return inTurn(id, deadline, () => commits(run, deadline))
  }

  return {
    newestId: () => reads(({ newestId }, deadline) => newestId(deadline)).catch(unlessUnavailable),
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

    async history(taskId, after, limit, wholeBytes) {
      const selected = await reads(({ history }, deadline) =>
        history(taskId, after, limit, wholeBytes, deadline),
      )
      return {
        ...selected,
        async read(from, end) {
          const texts = reads(({ eventTexts }, deadline) =>
            eventTexts(taskId, after + from, end - from, deadline),
          )
          return { bytes: await texts, end }
        },
      }
    },

    create: (task, event, key, link) =>
      commits(({ create }, deadline) => create(task, event, key, link, deadline)),
    change: (id, decide, key) =>
      commitInTurn(id, ({ change }, deadline) => change(id, decide, key, deadline)),
    claim: (key) => commits(({ claim }, deadline) => claim(key, deadline)),
    ping: connection.ping,
    eventLag: relay.lag,
    sync: {
      changeLink: (taskId, decide) =>
        commitInTurn(taskId, ({ changeLink }, deadline) => changeLink(taskId, decide, deadline)),
      addLink: (taskId, now) =>
        commitInTurn(taskId, ({ addLink }, deadline) => addLink(taskId, now, deadline)),
      link: (taskId) => sync((at, deadline) => at(deadline).link(taskId)),
      linkOfIssue: (issueId) => sync((at, deadline) => at(deadline).linkOfIssue(issueId)),
      dueLinks: (now, limit) => sync((at, deadline) => at(deadline).dueLinks(now, limit)),
      links: (status, after, limit) =>
        sync((at, deadline) => at(deadline).links(status, after, limit)),
      countLinks: () => sync((at, deadline) => at(deadline).countLinks()),
      unlinkedTasks: (after, limit) =>
        sync((at, deadline) => at(deadline).unlinkedTasks(after, limit)),
      addDelivery: (delivery) => sync((at, deadline) => at(deadline).addDelivery(delivery)),
      openDeliveries: (limit) => sync((at, deadline) => at(deadline).openDeliveries(limit)),
      closeDelivery: (id, forgetBefore) =>
        sync((at, deadline) => at(deadline).closeDelivery(id, forgetBefore)),
      readState: (name) => sync((at, deadline) => at(deadline).readState(name)),
      writeState: (name, value) => sync((at, deadline) => at(deadline).writeState(name, value)),
      acquireLease: (name, holder, lengthMs) =>
        sync((at, deadline) => at(deadline).acquireLease(name, holder, lengthMs)),
      releaseLease: (name, holder) =>
        sync((at, deadline) => at(deadline).releaseLease(name, holder)),
    },

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
