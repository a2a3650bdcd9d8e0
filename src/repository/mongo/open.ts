import type { CommandStartedEvent } from 'mongodb'
import { TaskError } from '../../core/errors.ts'
import type { TaskRepository } from '../../core/task-repository.ts'
import { createCommits } from './commits.ts'
import { createConnection } from './connection.ts'
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
    newestId: () => reads(({ newestId }) => newestId()).catch(unlessUnavailable),
    get: (id) => reads(({ get }) => get(id)),
    list: (query, after, limit) => reads(({ list }) => list(query, after, limit)),
    history: (taskId, after, limit) => reads(({ history }) => history(taskId, after, limit)),
    create: (task, event, key) => commits(({ create }) => create(task, event, key)),
    change: (id, decide, key) => inTurn(id, () => commits(({ change }) => change(id, decide, key))),
    claim: (key) => commits(({ claim }) => claim(key)),
    ping: () => reads(({ ping }) => ping()),
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
