// What GitHub costs a new task when it never answers, and nobody waits for it (GITHUB_CREATE_WAIT_MS=0).
import { once } from 'node:events'
import { createServer } from 'node:net'
import { compare } from './compare.mjs'
import { MEASURES } from './measures.mjs'
import { seedOwn, startLimit, startOwn } from './own-service.mjs'
import { toTable } from './table.mjs'

const TASKS = 10_000
const TARGET = 0.9
/** Two equal processes differ by some percent as long as they live, so several pairs of them are compared, each so long. */
const PAIRS = 7
const ROUNDS = 10
const SECONDS = 5

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
const comparePair = async (servers, folder, { rounds, seconds, seeds }, env) => {
  const plain = await seedOwn({ folder: `${folder}/plain` }, TASKS, seeds)
  const own = await startOwn(servers, plain, { name: 'without GitHub' })
  const mirrored = await seedOwn({ folder: `${folder}/github` }, TASKS, seeds)
  const hanging = await startOwn(servers, mirrored, { name: 'GitHub hangs', env })
  const limit = await startLimit(servers, own)
  const measure = MEASURES.find(({ name }) => name === 'POST')
  const long = { rounds: Math.max(rounds, ROUNDS), seconds: Math.max(seconds, SECONDS) }
  const figures = await compare(measure, [own, hanging], limit, long)
  for (const server of [own, limit]) await servers.stop(server)
  hanging.child.kill('SIGKILL')
  return { ratio: 1 / figures.find(({ server }) => server === hanging.name).lead, figures }
}

/** The ratio is the median of the pairs', the figures are those of that pair. */
export const measureGithubHanging = async (servers, settings) => {
  const silent = await startSilent()
  const env = {
    GITHUB_REPOSITORY: 'bench/tasks',
    GITHUB_TOKEN: 'bench',
    GITHUB_API_URL: silent.url,
    GITHUB_CREATE_WAIT_MS: '0',
  }
  const pairs = []
  for (let pair = 0; pair < PAIRS; pair++)
    pairs.push(await comparePair(servers, `${servers.folder}/hanging-${pair}`, settings, env))
  silent.close()
  pairs.sort((a, b) => a.ratio - b.ratio)
  const { ratio, figures } = pairs[(PAIRS - 1) / 2]
  const ratios = pairs.map((pair) => pair.ratio)
  console.log(toTable(figures))
  console.log(
    `POST with GitHub hanging, by POST without GitHub: ${ratio.toFixed(2)} (to be at least ${TARGET}), the median of ${ratios.map((one) => one.toFixed(2)).join(', ')}; ${silent.calls()} connections to it`,
  )
  return { ratio, ratios, figures }
}
