// The service itself, over a database of so many tasks.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createPendingPool, createRequests, findCursors } from './requests.mjs'
import { provideFile, readIds } from './seed.mjs'

/** A seeded SQLite file, and the ids in it. */
export const seedOwn = (servers, tasks, seeds) => {
  const path = join(servers.folder, `tasks-${tasks}.db`)
  mkdirSync(servers.folder, { recursive: true })
  provideFile(path, tasks, seeds)
  return { path, ids: readIds(path) }
}

/** The service over a seeded file, as a subject of compare(); `env` and `flags` are added to its default configuration. */
export const startOwn = async (servers, { path, ids }, { name = 'SQLite', env = {}, flags = [] } = {}) => {
  const server = await servers.startService({ DATABASE_URL: `sqlite:${path}`, ...env }, flags)
  return asSubject(name, server, ids)
}

/** A running service with requests for the tasks in it. */
export const asSubject = async (name, server, ids) => {
  const cursors = await findCursors(server.url, ids)
  const pending = createPendingPool(server.url)
  return { name, ...server, ids, cursors, requests: createRequests(ids, cursors, pending.next), fillPending: pending.fill }
}

/** The limit, with the requests that a service is sent. */
export const startLimit = async (servers, { ids, cursors }) => ({
  name: 'limit',
  ...(await servers.startLimit()),
  requests: createRequests(ids, cursors, () => ids.at(0)),
})
