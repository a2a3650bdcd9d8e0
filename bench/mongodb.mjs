// On MongoDB: what a request costs in commands to the database and in processor time of the service's own. Speed would be the server's.
import { startCommandCounter } from './command-counter.mjs'
import { runOnce } from './compare.mjs'
import { kindsOf, MEASURES } from './measures.mjs'
import { createMongoDatabase } from './mongo-database.mjs'
import { asSubject, startLimit } from './own-service.mjs'
import { sample } from './requests.mjs'
import { seed } from './seed.mjs'
import { toLines } from './table.mjs'

const PENDING_A_SECOND = 500
/** A command that comes so rarely is the relay's or the driver's, not a request's. */
const SHOWN = 0.005

const listIds = async (url) => {
  const tasks = await (await fetch(`${url}/tasks`)).json()
  return { count: tasks.length, at: (index) => tasks[index].id }
}

const each = (counts, requests) =>
  Object.entries(counts)
    .map(([name, count]) => ({ name, count: count / requests }))
    .filter(({ count }) => count >= SHOWN)
    .sort((a, b) => b.count - a.count)

const toRow = ({ measure, requests, commands, cpu, limitCpu }) => [
  measure,
  commands.reduce((sum, { count }) => sum + count, 0).toFixed(2),
  commands.map(({ name, count }) => `${name} ${count.toFixed(2)}`).join(', '),
  cpu.toFixed(0),
  limitCpu.toFixed(0),
  String(requests),
]

export const measureMongodb = async (servers, serverUrl, { node, tasks: [tasks], seconds, isWanted }) => {
  const database = createMongoDatabase(serverUrl)
  const counter = await startCommandCounter(database.url)
  try {
    console.log(`seeding ${tasks} tasks …`)
    await seed(await database.openRepository(), tasks)
    const server = await servers.startService({ DATABASE_URL: counter.url })
    const own = await asSubject('MongoDB', server, await listIds(server.url))
    const limit = await startLimit(servers, own)
    const figures = []
    for (const { name, lanes, needsPending } of MEASURES.filter((one) => one.lanes.length === 1 && isWanted(one.name))) {
      if (needsPending) await own.fillPending(PENDING_A_SECOND * seconds)
      await limit.answerWith(await Promise.all(kindsOf({ lanes }).map((kind) => sample(own.url, own.requests[kind]()))))
      await runOnce(own, lanes, seconds / 2)
      counter.take()
      const [{ requests, cpu }] = await runOnce(own, lanes, seconds)
      const commands = each(counter.take(), requests)
      const [{ cpu: limitCpu }] = await runOnce(limit, lanes, Math.min(seconds, 1))
      figures.push({ measure: name, requests, commands, cpu, limitCpu })
    }
    for (const one of [own, limit]) await servers.stop(one)
    console.log(toLines(['measure', 'commands', 'a request', 'CPU µs', 'limit CPU µs', 'requests'], figures.map(toRow)))
    return { node, tasks, figures }
  } finally {
    counter.close()
    await database.drop()
  }
}
