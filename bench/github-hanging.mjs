// What GitHub costs a new task when it never answers, and nobody waits for it (GITHUB_CREATE_WAIT_MS=0).
import { once } from 'node:events'
import { createServer } from 'node:net'
import { compare } from './compare.mjs'
import { MEASURES } from './measures.mjs'
import { seedOwn, startLimit, startOwn } from './own-service.mjs'
import { toTable } from './table.mjs'

const TASKS = 10_000
const TARGET = 0.9
/** The difference is less than short rounds scatter, so it takes no fewer. */
const ROUNDS = 20
const SECONDS = 10

/** Takes every connection and whatever is said on it, and never says a word. */
const startSilent = async () => {
  const sockets = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {}).resume()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { url: `http://127.0.0.1:${server.address().port}`, calls: () => sockets.length, close }
}

/** The measure POST with GitHub configured and silent, in turns with POST without GitHub. */
export const measureGithubHanging = async (servers, { rounds, seconds, seeds }) => {
  const silent = await startSilent()
  const env = {
    GITHUB_REPOSITORY: 'bench/tasks',
    GITHUB_TOKEN: 'bench',
    GITHUB_API_URL: silent.url,
    GITHUB_CREATE_WAIT_MS: '0',
  }
  const own = await startOwn(servers, await seedOwn(servers, TASKS, seeds), { name: 'without GitHub' })
  const mirrored = await seedOwn({ folder: `${servers.folder}/github` }, TASKS, seeds)
  const hanging = await startOwn(servers, mirrored, { name: 'GitHub hangs', env })
  const limit = await startLimit(servers, own)
  const measure = MEASURES.find(({ name }) => name === 'POST')
  const long = { rounds: Math.max(rounds, ROUNDS), seconds: Math.max(seconds, SECONDS) }
  const figures = await compare(measure, [own, hanging], limit, long)
  for (const server of [own, limit]) await servers.stop(server)
  hanging.child.kill('SIGKILL')
  silent.close()
  const ratio = 1 / figures.find(({ server }) => server === hanging.name).lead
  console.log(toTable(figures))
  console.log(
    `POST with GitHub hanging, by POST without GitHub: ${ratio.toFixed(2)} (to be at least ${TARGET}); ${silent.calls()} connections to it`,
  )
  return { ratio, figures }
}
