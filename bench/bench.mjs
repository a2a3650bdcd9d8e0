// npm run bench -- [--tasks N] [--seconds S] [--rounds R] [--only NAME,…] | --smoke | --update-baseline
// Drives the built service and, in turns with it, a server that does nothing (the limit). bench/README.md explains the figures.
import { parseArgs } from 'node:util'
import { compare } from './compare.mjs'
import { createMeasures } from './measures.mjs'
import { seed } from './seed.mjs'
import { openServers } from './servers.mjs'
import { SMOKE_TASKS, smoke, updateBaseline } from './smoke.mjs'

const { values: options } = parseArgs({
  options: {
    tasks: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '4' },
    only: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    'update-baseline': { type: 'boolean', default: false },
  },
})

/** A figure with as many digits as it is worth. */
const rounded = (value) => Number(value.toPrecision(3))

const measureAll = async (measures, servers, own) => {
  const wanted = options.only?.split(',') ?? measures.map(({ name }) => name)
  const unknown = wanted.filter((name) => !measures.some((measure) => measure.name === name))
  if (unknown.length > 0)
    throw new Error(
      `--only ${unknown}: choose among ${measures.map(({ name }) => name).join(', ')}`,
    )
  const table = {}
  for (const measure of measures.filter(({ name }) => wanted.includes(name))) {
    const duration = { rounds: Number(options.rounds), seconds: Number(options.seconds) }
    const figures = await compare(measure, servers, own, duration)
    table[measure.name] = Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [name, rounded(value)]),
    )
    console.error(`measured: ${measure.name}`)
  }
  console.table(table)
}

const main = async (servers) => {
  const isSmoke = options.smoke || options['update-baseline']
  const tasks = isSmoke ? SMOKE_TASKS : Number(options.tasks)
  console.log(
    `Node.js ${process.version}, ${tasks} tasks, ${servers.isPinned ? 'servers on a core of their own' : 'no pinned cores'}`,
  )
  const empty = await servers.startService()
  const ids = await seed(empty.url, tasks)
  await servers.stop(empty)

  const began = performance.now()
  const own = await servers.startService()
  await (await fetch(`${own.url}/tasks/${ids[0]}`)).json()
  console.log(
    `from the start of the process to the first answer: ${((performance.now() - began) / 1000).toFixed(2)} s`,
  )

  const measures = await createMeasures(own.url, ids)
  if (options['update-baseline']) await updateBaseline(measures, servers, own)
  else if (options.smoke) await smoke(measures, servers, own)
  else await measureAll(measures, servers, own)
}

const servers = openServers()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
process.once('exit', () => servers.close())
await main(servers)
process.exit()
