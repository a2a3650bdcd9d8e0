// Drives the service and the limit in turns, so that what else the machine does affects both, and sums up.
import { request } from 'node:http'
import { drive } from './load.mjs'
import { processorTime, residentMemory } from './servers.mjs'

/** Code is compiled as it runs: each server is driven for so long before it is measured. */
const WARM_UP_SECONDS = 0.8
/** A round begins with new connections, which cost both servers the same; many requests on each make that cost small. */
const LEAST_PER_CONNECTION = 20
/** Enough to see every kind of request of a mix. */
const SAMPLES = 100

/** Sends one request on a connection of its own. */
const ask = (url, { method, path, headers, body }) =>
  new Promise((resolve, reject) => {
    const sent = request(url + path, { method, headers, agent: false }, (response) => {
      let size = 0
      response.on('data', (chunk) => {
        size += chunk.length
      })
      response.on('end', () => resolve({ status: response.statusCode, size }))
    })
    sent.on('error', reject).end(body)
  })

/** What the limit must answer: for each kind of request the status and size of the service's answer. */
const sampleAnswers = async (url, next) => {
  const answers = {}
  for (let sample = 0; sample < SAMPLES; sample++) {
    const one = next()
    const { method = 'GET', path } = one
    answers[path.includes('?') ? `${method}?` : method] ??= await ask(url, one)
  }
  return answers
}

const runOnce = async ({ url, pid }, { connections, next }, extent) => {
  const before = processorTime(pid)
  const { seconds, latencies } = await drive(url, connections, next, extent)
  return {
    used: processorTime(pid) - before,
    count: latencies.length,
    rate: latencies.length / seconds,
    latencies,
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]
const percentile = (sorted, share) => sorted[Math.ceil(sorted.length * share) - 1]
const total = (rounds, field) => rounds.reduce((sum, round) => sum + round[field], 0)

/** Processor time has a resolution of 10 ms and a round is short, so that of all rounds is divided. */
const costOf = (rounds) => total(rounds, 'used') / total(rounds, 'count')

/**
 * @param {import('./measures.mjs').Measure} measure
 * @param {{rounds: number, seconds: number}} duration  the number of rounds, and about how many seconds each server gets
 * @returns the service's `rate` (requests a second), `p50` and `p99` (ms), `cpu` (µs of processor time a request) and `memory`
 *   (MB, afterwards), the rates as medians of the rounds; the limit's `limitRate` and `limitCpu`; and what compares both, higher is
 *   better: `rateRatio`, the rate by the limit's in the same round, and `cpuRatio`, the limit's processor time by the service's
 */
export const compare = async (measure, servers, own, { rounds, seconds }) => {
  const limit = await servers.startLimit(await sampleAnswers(own.url, measure.next))
  const runs = []
  for (const server of [own, limit]) {
    const { rate } = await runOnce(server, measure, { duration: WARM_UP_SECONDS })
    const amount = Math.max(
      measure.connections * LEAST_PER_CONNECTION,
      Math.ceil((rate * seconds) / rounds),
    )
    runs.push({ server, amount, rounds: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const run of runs)
      run.rounds.push(await runOnce(run.server, measure, { amount: run.amount }))
  }
  await servers.stop(limit)

  const [owns, limits] = runs.map((run) => run.rounds)
  const percentiles = (share) => median(owns.map(({ latencies }) => percentile(latencies, share)))
  return {
    rate: median(owns.map(({ rate }) => rate)),
    p50: percentiles(0.5),
    p99: percentiles(0.99),
    cpu: costOf(owns),
    memory: residentMemory(own.pid),
    limitRate: median(limits.map(({ rate }) => rate)),
    limitCpu: costOf(limits),
    rateRatio: median(owns.map(({ rate }, index) => rate / limits[index].rate)),
    cpuRatio: costOf(limits) / costOf(owns),
  }
}
