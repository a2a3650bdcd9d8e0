// The measures at one number of tasks after the other.
import { measureColdStart } from './cold-start.mjs'
import { compare } from './compare.mjs'
import { MEASURES } from './measures.mjs'
import { seedOwn, startLimit, startOwn } from './own-service.mjs'
import { openPeer } from './peer.mjs'
import { measureStreaming } from './streaming.mjs'
import { toTable } from './table.mjs'

export const describeRun = ({ node, seconds, rounds }, { isPinned }) =>
  `Node.js ${node}, ${seconds} s for each measure and server in ${rounds} rounds, ${
    isPinned
      ? 'the servers on one core, the load on another'
      : 'no cores of their own (taskset is not there, or there is one core)'
  }`

/** At one number of tasks: rows of compare(), and what is measured in another way. */
const measureSize = async (servers, tasks, { isWanted, rounds, seconds, seeds, peers }) => {
  console.log(`\n${tasks} tasks: seeding …`)
  const began = performance.now()
  const seeded = seedOwn(servers, tasks, seeds)
  console.log(`seeded in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  const result = { tasks, peers: [], figures: [] }
  if (isWanted('cold start')) {
    result.coldStart = await measureColdStart(servers, seeded, rounds)
    console.log(`cold start to the first answer: ${result.coldStart.toFixed(2)} s`)
  }

  const own = await startOwn(servers, seeded)
  const limit = await startLimit(servers, own)
  const others = []
  for (const peer of peers) others.push(await openPeer(peer, servers, tasks))
  for (const { name, about } of others) if (about) result.peers.push({ name, about })
  const measureAll = async (measures) => {
    for (const measure of measures.filter(({ name }) => isWanted(name))) {
      const figures = await compare(measure, [own, ...others], limit, { rounds, seconds })
      result.figures.push(...figures)
      console.log(toTable(figures))
    }
  }
  await measureAll(MEASURES.filter(({ isWrite }) => !isWrite))
  if (isWanted('streaming')) {
    result.streaming = await measureStreaming(own, Math.min(rounds, 3))
    const { rate, megabytes, growth, memory } = result.streaming
    console.log(
      `streaming all: ${Math.round(rate)} tasks/s, ${Math.round(megabytes)} MB/s, RSS grew by ${Math.round(growth)} to ${Math.round(memory)} MB`,
    )
  }
  await measureAll(MEASURES.filter(({ isWrite }) => isWrite))
  for (const server of [own, limit, ...others]) if (server.child) await servers.stop(server)
  return result
}

/** @returns the settings and, for each number of tasks, what was found */
export const measureSizes = async (servers, settings) => {
  const { node, rounds, seconds, tasks, peers, peersAt } = settings
  const sizes = []
  for (const count of tasks) {
    const isPeerSize = peersAt === undefined || peersAt === count
    sizes.push(await measureSize(servers, count, { ...settings, peers: isPeerSize ? peers : [] }))
  }
  return { node, rounds, seconds, isPinned: servers.isPinned, sizes }
}
