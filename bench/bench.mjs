// npm run bench -- [--tasks 100000] [--seconds 12] [--node PATH] [--only NAME,…] [--database-url mongodb://…]
// Drives the built service and, in the same run, a server that does nothing (the limit). bench/README.md says how to read it.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { openSqliteRepository } from '../dist/repository/sqlite/open.js'
import { createMongoDatabase } from './mongo-database.mjs'
import { createDraft, createRandom, seed } from './seed.mjs'

const CONNECTIONS = 64

/** As `npm start` has it: a small nursery holds the memory down and costs no speed. */
const NURSERY = '--max-semi-space-size=2'
const { values: options } = parseArgs({
  options: {
    tasks: { type: 'string' },
    seconds: { type: 'string', default: '12' },
    node: { type: 'string', default: process.execPath },
    only: { type: 'string', default: '' },
    'database-url': { type: 'string' },
  },
})
const mongodbUrl = options['database-url']
const tasks = Number(options.tasks ?? (mongodbUrl === undefined ? 100_000 : 2000))
const seconds = Number(options.seconds)
const canPin = spawnSync('taskset', ['--version']).status === 0
if (canPin) spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)])

const folder = mkdtempSync(join(tmpdir(), 'task-bench-'))
const children = []

/** Starts a server on a core of its own and resolves with its URL and process. Its log goes to a file, not through this process. */
const start = async (script, args, env = {}) => {
  const node = [options.node, NURSERY]
  const command = canPin ? ['taskset', '-c', '0', ...node] : node
  const path = join(folder, `${children.length}.log`)
  const log = openSync(path, 'a')
  const child = spawn(command[0], [...command.slice(1), script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  })
  children.push(child)
  for (let waited = 0; waited < 100; waited++) {
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(path, 'utf8'))
    if (found !== null) return { url: found[0], child }
    await setTimeout(100)
  }
  throw new Error(`${script} did not start: ${readFileSync(path, 'utf8')}`)
}

const stop = (child) =>
  new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGTERM')
  })

const residentMegabytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** The processor time that a process has used, in microseconds: fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
const processorTime = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** So often the service and the limit take turns, as the machine's speed drifts. */
const ROUNDS = 4

/** Drives the servers in turn and sums up: requests a second, the median of the rounds' latencies, processor time per request. */
const measure = async (servers) => {
  const totals = servers.map(() => ({ requests: 0, seconds: 0, cpu: 0, p50: [], p99: [] }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { url, child, request }] of servers.entries()) {
      const before = processorTime(child.pid)
      const result = await drive(url, request)
      if (result.non2xx > 0 || result.errors > 0)
        throw new Error(`${result.non2xx} answers were no success, ${result.errors} failed`)
      const total = totals[index]
      total.requests += result.requests.total
      total.seconds += result.duration
      total.cpu += processorTime(child.pid) - before
      total.p50.push(result.latency.p50)
      total.p99.push(result.latency.p99)
    }
  }
  return totals.map((total) => ({
    rate: total.requests / total.seconds,
    cpu: total.cpu / total.requests,
    p50: median(total.p50),
    p99: median(total.p99),
  }))
}

const median = (values) => values.sort((x, y) => x - y)[Math.floor(values.length / 2)]

const drive = (url, request) =>
  new Promise((resolve, reject) => {
    const run = autocannon({ url, connections: CONNECTIONS, duration: seconds / ROUNDS, requests: [request] }, (error, result) =>
      error ? reject(error) : resolve(result),
    )
    run.on('reqError', reject)
  })

const random = createRandom(2)
/** The same body each time, as load generators send it; and one with every field at random, which makes each index grow at a random place. */
const plain = JSON.stringify({
  title: 'Write the report',
  description: 'For the meeting on Friday, with the figures of the last quarter.',
})
const varied = () => JSON.stringify(createDraft(random))
const jsonType = { 'content-type': 'application/json' }

const requests = (ids) => ({
  'GET one': { setupRequest: (request) => ({ ...request, path: `/tasks/${ids[random(ids.length)]}` }) },
  'GET 50': { path: '/tasks?limit=50' },
  search: { path: '/tasks?q=deploy&limit=50' },
  POST: { method: 'POST', path: '/tasks', headers: jsonType, body: plain },
  'POST varied': {
    method: 'POST',
    headers: jsonType,
    setupRequest: (request) => ({ ...request, path: '/tasks', body: varied() }),
  },
})

/** What the service answers to a measure: so much is what the limit answers too. */
const sample = async (url, request) => {
  const { path, method = 'GET', headers = {}, body } = request.setupRequest?.({ ...request }) ?? request
  const response = await fetch(url + path, { method, headers, body })
  return { status: response.status, size: (await response.text()).length }
}

/** A service over a database that is filled for it. */
const startService = async (name, databaseUrl, repository) => {
  const ids = await seed(repository, tasks)
  const service = await start('dist/cli.js', ['serve'], { DATABASE_URL: databaseUrl, PORT: '0' })
  return { name, ...service, requests: requests(ids) }
}

const toRow = (own, most, { pid }) => ({
  'req/s': Math.round(own.rate),
  'p50 ms': own.p50,
  'p99 ms': own.p99,
  'CPU µs': Math.round(own.cpu),
  'RSS MB': Math.round(residentMegabytes(pid)),
  'limit req/s': Math.round(most.rate),
  'limit CPU µs': Math.round(most.cpu),
  ratio: Number((own.rate / most.rate).toFixed(2)),
})

const report = {}
const mongodb = mongodbUrl === undefined ? undefined : createMongoDatabase(mongodbUrl)
try {
  console.log(`seeding ${tasks} tasks …`)
  const path = join(folder, 'tasks.db')
  const services = [await startService('SQLite', `sqlite:${path}`, openSqliteRepository(path))]
  if (mongodb) services.push(await startService('MongoDB', mongodb.url, await mongodb.openRepository()))
  for (const measured of Object.keys(services[0].requests)) {
    if (options.only !== '' && !options.only.split(',').includes(measured)) continue
    const driven = services.map((service) => ({ ...service, request: service.requests[measured] }))
    const { status, size } = await sample(driven[0].url, driven[0].request)
    const limit = await start('bench/limit-server.mjs', [String(size), String(status)])
    const results = await measure([...driven, { ...limit, request: driven[0].request }])
    await stop(limit.child)
    for (const [index, { name, child }] of driven.entries()) {
      report[mongodb ? `${measured}, ${name}` : measured] = toRow(results[index], results.at(-1), child)
    }
  }
  for (const { child } of services) await stop(child)
  const { stdout } = spawnSync(options.node, ['--version'], { encoding: 'utf8' })
  console.log(
    `Node ${stdout.trim()}, ${tasks} tasks, ${CONNECTIONS} connections, ${seconds} s each${canPin ? ', the server on one core' : ''}`,
  )
  console.table(report)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
  await mongodb?.drop()
}
