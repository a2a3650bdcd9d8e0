// npm run bench -- [--tasks 10000,100000] [--seconds 6] [--only NAME,…] [--peer NAME] [--json FILE] [--plot FILE] …
// Drives the built service and, in turns with it, a server that does nothing (the limit). bench/README.md says how to read it.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { writeDocument } from './document.mjs'
import { measureGithubHanging } from './github-hanging.mjs'
import { MEASURES } from './measures.mjs'
import { measureMongodb } from './mongodb.mjs'
import { toSvg } from './plot.mjs'
import { PROFILED, profile, toProfileText } from './profile.mjs'
import { describeRun, measureSizes } from './run.mjs'
import { openServers } from './servers.mjs'
import { smoke, writeBaseline } from './smoke.mjs'

const { values: options } = parseArgs({
  options: {
    tasks: { type: 'string' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '4' },
    only: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    seeds: { type: 'string' },
    peer: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    plot: { type: 'string' },
    profile: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    'update-baseline': { type: 'boolean', default: false },
    'github-hanging': { type: 'boolean', default: false },
    'database-url': { type: 'string' },
  },
})

const names = options.only?.split(',')
const known = [...MEASURES.map(({ name }) => name), 'streaming', 'cold start']
const unknown = names?.find((name) => !known.includes(name))
if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${known.join(', ')}`)

const settings = {
  tasks: (options.tasks ?? (options['database-url'] ? '2000' : '100000')).split(',').map(Number),
  seconds: Number(options.seconds),
  rounds: Number(options.rounds),
  isWanted: (name) => names === undefined || names.includes(name),
  seeds: options.seeds,
  peers: options.peer,
  node: spawnSync(options.node, ['--version'], { encoding: 'utf8' }).stdout.trim(),
}

const keep = (result) => {
  if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  if (options.plot) writeFileSync(options.plot, toSvg(result))
}

const profileAll = async (servers) => {
  const chosen = names === undefined ? PROFILED : MEASURES.filter(({ name }) => names.includes(name))
  const profiles = await profile(servers, { ...settings, tasks: settings.tasks[0] }, chosen)
  console.log(toProfileText(profiles))
  return profiles
}

const runFull = async (servers) => {
  const sizes = options.tasks ? settings.tasks : [10_000, 100_000, 1_000_000]
  const result = await measureSizes(servers, { ...settings, tasks: sizes, peers: ['fastapi'], peersAt: 100_000 })
  const hanging = await measureGithubHanging(servers, settings)
  const profiles = await profile(servers, { ...settings, tasks: 100_000 }, PROFILED)
  writeDocument({ ...result, hanging, profiles })
}

const main = async (servers) => {
  if (options.smoke) return smoke(servers, settings)
  if (options['update-baseline']) return writeBaseline(servers, settings)
  if (options.full) return runFull(servers)
  if (options['github-hanging']) return keep(await measureGithubHanging(servers, settings))
  if (options['database-url']) return keep(await measureMongodb(servers, options['database-url'], settings))
  if (options.profile) return keep(await profileAll(servers))
  return keep(await measureSizes(servers, settings))
}

const servers = openServers(options.node)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
process.once('exit', () => servers.close())
console.log(describeRun(settings, servers))
await main(servers)
