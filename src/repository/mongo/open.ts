import type { CommandStartedEvent } from 'mongodb'
import { TaskError } from '../../core/errors.ts'
import type { TaskRepository } from '../../core/task-repository.ts'
import { createCommits } from './commits.ts'
import { createConnection } from './connection.ts'
import type { TaskDocument } from './documents.ts'
import { createReads } from './reads.ts'
import { createRelay } from './relay.ts'
import { createSyncReads } from './sync.ts'
import { createTaskQueues } from './task-queues.ts'

/**
 * Tasks in a MongoDB database. Resolves also while its server is down: then every call says so until it is up. Throws
 * OpenError for a URL that is none, and for a database of a newer version. `onCommand` sees each command that is sent.
 */
export const openMongoRepository = async (
  url: string,
  onCommand?: (event: CommandStartedEvent) => void,
): Promise<TaskRepository> => {
  const connection = createConnection(url, onCommand)
  await connection.ready().catch(unlessUnavailable)
  const relay = createRelay(connection)
  const reads = connection.using(createReads)
  const commits = connection.using((db) => createCommits(db.collection<TaskDocument>('tasks')))
  const sync = connection.using(createSyncReads)
  const inTurn = createTaskQueues()

  return {
    newestId: () => reads(({ newestId }) => newestId()).catch(unlessUnavailable),
    get: (id) => reads(({ get }) => get(id)),
    list: (query, after, limit) => reads(({ list }) => list(query, after, limit)),
    history: (taskId, after, limit) => reads(({ history }) => history(taskId, after, limit)),
    create: (task, event, key, link) => commits(({ create }) => create(task, event, key, link)),
    change: (id, decide, key) => inTurn(id, () => commits(({ change }) => change(id, decide, key))),
    claim: (key) => commits(({ claim }) => claim(key)),
    ping: () => reads(({ ping }) => ping()),
    eventLag: relay.lag,
    sync: {
      changeLink: (taskId, decide) => inTurn(taskId, () => commits(({ changeLink }) => changeLink(taskId, decide))),
      addLink: (link) => inTurn(link.taskId, () => commits(({ addLink }) => addLink(link))),
      link: (taskId) => sync(({ link }) => link(taskId)),
      linkOfIssue: (issueId) => sync(({ linkOfIssue }) => linkOfIssue(issueId)),
      dueLinks: (now, limit) => sync(({ dueLinks }) => dueLinks(now, limit)),
      links: (status, after, limit) => sync(({ links }) => links(status, after, limit)),
      countLinks: () => sync(({ countLinks }) => countLinks()),
      unlinkedTasks: (after, limit) => sync(({ unlinkedTasks }) => unlinkedTasks(after, limit)),
      addDelivery: (delivery) => sync(({ addDelivery }) => addDelivery(delivery)),
      openDeliveries: (limit) => sync(({ openDeliveries }) => openDeliveries(limit)),
      closeDelivery: (id, forgetBefore) => sync(({ closeDelivery }) => closeDelivery(id, forgetBefore)),
      readState: (name) => sync(({ readState }) => readState(name)),
      writeState: (name, value) => sync(({ writeState }) => writeState(name, value)),
      hold: (name, holder, lengthMs) => sync(({ hold }) => hold(name, holder, lengthMs)),
      release: (name, holder) => sync(({ release }) => release(name, holder)),
    },

    async close() {
      await relay.stop()
      await connection.close()
    },
  }
}

const unlessUnavailable = (error: unknown): undefined => {
  if (error instanceof TaskError) return undefined
  throw error
}
