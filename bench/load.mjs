// The load generator is autocannon. It is installed when it is first needed, outside the repository, as it brings 62 packages:
// into BENCH_CACHE, else ~/.cache/task-manager-api/bench.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const VERSION = '9.0.0'
const { BENCH_CACHE, XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env
const cache = join(
  BENCH_CACHE ?? join(XDG_CACHE_HOME, 'task-manager-api/bench'),
  `autocannon-${VERSION}`,
)

const install = () => {
  const options = ['--silent', '--no-save', '--ignore-scripts', '--prefix', cache]
  const { status } = spawnSync('npm', ['install', ...options, `autocannon@${VERSION}`], {
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error(`autocannon ${VERSION} could not be installed into ${cache}`)
}
if (!existsSync(join(cache, 'node_modules/autocannon'))) install()
const autocannon = createRequire(join(cache, 'bench.js'))('autocannon')

/** How often autocannon looks whether it is done, and how long it waits for an answer. */
const SAMPLE_MS = 10
const TIMEOUT_SECONDS = 60

/**
 * Sends requests over keep-alive connections, each as soon as the answer to the one before is there.
 * @param {string} url
 * @param {number} connections
 * @param {() => {method?: string, path: string, headers?: object, body?: string}} next  makes the next request
 * @param {{amount: number} | {duration: number}} extent  a number of requests, at least one a connection, or seconds
 * @returns {Promise<{seconds: number, latencies: Float64Array}>}  latencies in ms, ascending. Rejects if a request fails.
 */
export const drive = (url, connections, next, extent) =>
  new Promise((resolve, reject) => {
    const latencies = []
    const began = performance.now()
    let ended = began
    // autocannon writes into the headers.
    const setupRequest = (request) => {
      const { headers, ...rest } = next()
      return { ...request, ...rest, headers: { ...headers } }
    }
    const options = {
      url,
      connections,
      requests: [{ setupRequest }],
      ...extent,
      sampleInt: SAMPLE_MS,
      timeout: TIMEOUT_SECONDS,
    }
    const run = autocannon(options, (error, { errors, non2xx, statusCodeStats } = {}) => {
      if (error) return reject(error)
      if (errors + non2xx > 0)
        return reject(
          new Error(`${url}: ${errors} errors, answers ${JSON.stringify(statusCodeStats)}`),
        )
      resolve({ seconds: (ended - began) / 1000, latencies: Float64Array.from(latencies).sort() })
    })
    run.on('response', (_client, _status, _bytes, latency) => {
      latencies.push(latency)
      ended = performance.now()
    })
  })
