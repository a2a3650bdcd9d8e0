import type { CommandStartedEvent } from 'mongodb'
import { TaskError } from '../../core/errors.ts'
import type { TaskRepository } from '../../core/task-repository.ts'
import { createCommits } from './commits.ts'
import { createConnection } from './connection.ts'
import { createDeadline } from './deadline.ts'
import type { TaskDocument } from './documents.ts'
import { createReads } from './reads.ts'
import { createRelay } from './relay.ts'
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
  const inTurn = createTaskQueues()

  return {
    newestId: () => reads(({ newestId }, deadline) => newestId(deadline)).catch(unlessUnavailable),
    get: (id) => reads(({ get }, deadline) => get(id, deadline)),
    list: (query, after, limit) => reads(({ list }, deadline) => list(query, after, limit, deadline)),
    history: (taskId, after, limit) => reads(({ history }, deadline) => history(taskId, after, limit, deadline)),
    create: (task, event, key) => commits(({ create }, deadline) => create(task, event, key, deadline)),
    change: (id, decide, key) => {
      const deadline = createDeadline()
      return inTurn(id, deadline, () => commits(({ change }) => change(id, decide, key, deadline), deadline))
    },
    claim: (key) => commits(({ claim }, deadline) => claim(key, deadline)),
    ping: () => reads(({ ping }, deadline) => ping(deadline)),
    eventLag: relay.lag,

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
