// node scripts/scale-model.mjs [--tasks 1e8] [--writes-per-second 1000] [--events-per-task 3] [--node-storage-gb 2000] …
// How many servers and how much storage so many tasks need, from the measured sizes. docs/scale.md says what it assumes.
import { parseArgs } from 'node:util'
import { measureSizes } from './document-sizes.mjs'

/** Measured (bench/relay.mjs): what one relay publishes in a second, at least. */
const RELAY_EVENTS_PER_SECOND = 3000

/** One commit writes its task; the relay writes the event, and the task again when it takes the event out. */
const TASK_WRITES_PER_COMMIT = 2

const OPTIONS = {
  tasks: { type: 'string' },
  'writes-per-second': { type: 'string', default: '1000' },
  'events-per-task': { type: 'string', default: '3' },
  'node-storage-gb': { type: 'string', default: '2000' },
  'node-memory-gb': { type: 'string', default: '64' },
  'node-writes-per-second': { type: 'string', default: '5000' },
  'hot-percent': { type: 'string', default: '10' },
}

/** What docs/scale.md shows. */
const SHOWN = [
  { tasks: 1e6, 'writes-per-second': 100 },
  { tasks: 1e8, 'writes-per-second': 1000 },
  { tasks: 1e10, 'writes-per-second': 20_000 },
]

const GB = 1e9
/** B-trees whose keys come in any order are about this full. */
const FILL = 0.7
/** Half of a server's memory less one GB is WiredTiger's cache; the system caches files with the rest. */
const cacheOf = (memoryGb) => ((memoryGb - 1) / 2) * GB

const total = (indexes) => indexes.reduce((sum, { bytes }) => sum + bytes, 0)

export const model = (sizes, options) => {
  const perEvent = (sizes.created + (options['events-per-task'] - 1) * sizes.changed) / options['events-per-task']
  const eventIndex = total(sizes.eventIndexes) / FILL
  const index = total(sizes.indexes) / FILL
  const taskBytes = options.tasks * (sizes.document + index)
  const eventBytes = options.tasks * options['events-per-task'] * (perEvent + eventIndex)
  const writes = options['writes-per-second']
  const hotBytes = (options.tasks * (index + sizes.document) * options['hot-percent']) / 100
  const needs = {
    storage: taskBytes / (options['node-storage-gb'] * GB),
    memory: hotBytes / cacheOf(options['node-memory-gb']),
    writes: (writes * TASK_WRITES_PER_COMMIT) / options['node-writes-per-second'],
  }
  const shards = Math.ceil(Math.max(...Object.values(needs)))
  const reason = shards === 1 ? '' : Object.keys(needs).reduce((a, b) => (needs[a] >= needs[b] ? a : b))
  const lanes = Math.ceil(Math.max(writes / RELAY_EVENTS_PER_SECOND, eventBytes / (options['node-storage-gb'] * GB)))
  /** One replica set holds all. Where there are more, each lane of events has one, and so has the cluster's configuration. */
  const replicaSets = shards === 1 && lanes === 1 ? 1 : shards + lanes + 1
  return { taskBytes, eventBytes, shards, reason, lanes, servers: replicaSets * 3 }
}

const table = (rows) => {
  const [head, ...body] = rows.map((row) => `| ${row.join(' | ')} |`)
  return [head, head.replace(/[^|]+/g, ' --- '), ...body].join('\n')
}

const size = (bytes) => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const unit = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)))
  return `${Number((bytes / 1000 ** unit).toPrecision(2))} ${units[unit]}`
}

const number = (value) => value.toLocaleString('en-US')

export const sizesTable = (sizes) => {
  const rows = [
    ['a task: document', sizes.document],
    ...sizes.indexes.map(({ name, bytes }) => [`a task: index \`${name}\``, bytes]),
    ['**a task: all its index entries**', total(sizes.indexes)],
    ['an event of a creation: document', sizes.created],
    ['an event of a change: document', sizes.changed],
    ['an event: its index entries', total(sizes.eventIndexes)],
    ['an idempotency key of a creation, for a day', sizes.key],
    ['an idempotency key of a change, for a day', sizes.changeKey],
  ]
  return table([['', 'bytes', 'a million'], ...rows.map(([name, bytes]) => [name, number(bytes), size(bytes * 1e6)])])
}

const serversTable = (sizes, cases) =>
  table([
    ['tasks', 'commits/s', 'tasks and indexes', 'events', 'shards of tasks', 'decided by', 'lanes of events', 'servers'],
    ...cases.map((one) => {
      const { taskBytes, eventBytes, shards, reason, lanes, servers } = model(sizes, one)
      const [tasks, writes] = [number(one.tasks), number(one['writes-per-second'])]
      return [tasks, writes, size(taskBytes), size(eventBytes), number(shards), reason, number(lanes), number(servers)]
    }),
  ])

/** All that docs/scale.md shows: the sizes, then the servers. */
export const report = (args) => {
  const { values } = parseArgs({ args, options: OPTIONS })
  const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]))
  const sizes = measureSizes()
  const cases = values.tasks === undefined ? SHOWN.map((shown) => ({ ...given, ...shown })) : [given]
  return `${sizesTable(sizes)}\n\n${serversTable(sizes, cases)}`
}

if (import.meta.main ?? process.argv[1]?.endsWith('scale-model.mjs')) console.log(report(process.argv.slice(2)))
