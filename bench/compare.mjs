// Drives servers in turns with the same measure, so that the machine's moods meet them all, and sums up.
import { drive } from './load.mjs'
import { createNext, kindsOf } from './measures.mjs'
import { sample } from './requests.mjs'
import { processorTime, residentMemory } from './servers.mjs'
import { median, percentile } from './statistics.mjs'

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} url
 * @property {number} [pid]  of a server on this machine
 * @property {import('./requests.mjs').Requests} requests
 * @property {(count: number) => Promise<void>} [fillPending]
 *
 * @typedef {object} Figures  medians of the rounds
 * @property {number} rate  requests a second
 * @property {number} p50  and p99 and p999, in milliseconds
 * @property {number} cpu  the server's processor time a request, in microseconds, where its process is known
 * @property {number} memory  its resident memory afterwards, in MB
 * @property {number} load  the load generator's share of its core
 * @property {number} ratio  of the rate to the limit's in the same round; `cpuRatio` is the limit's processor time by this one's
 * @property {number} lead  the rate of the first subject by this one's
 */

/** A round of one subject: the figures of each lane. */
export const runOnce = async ({ url, pid, requests }, lanes, seconds) => {
  const before = pid && processorTime(pid)
  const driven = lanes.map(({ connections, mix }) => ({ connections, next: createNext(mix, requests) }))
  const result = await drive(url, driven, seconds)
  const all = result.lanes.reduce((total, lane) => total + lane.requests, 0)
  const used = pid && processorTime(pid) - before
  return result.lanes.map(({ requests, rate, latencies }) => ({
    requests,
    rate,
    used,
    all,
    cpu: used / all,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    p999: percentile(latencies, 0.999),
    load: result.cpu,
  }))
}

const FIELDS = ['rate', 'p50', 'p99', 'p999', 'load']

const total = (rounds, field) => rounds.reduce((sum, round) => sum + round[field], 0)

/** A round is short and processor time is told in hundredths of a second, so that of all rounds counts. */
const costOf = (rounds) => total(rounds, 'used') / total(rounds, 'all')

const summarize = (rounds, limits, firsts) => ({
  ...Object.fromEntries(FIELDS.map((field) => [field, median(rounds.map((round) => round[field]))])),
  cpu: costOf(rounds),
  ratio: median(rounds.map(({ rate }, index) => rate / limits[index].rate)),
  cpuRatio: costOf(limits) / costOf(rounds),
  lead: median(rounds.map(({ rate }, index) => firsts[index].rate / rate)),
})

/** So many tasks are there to be completed at first; later as many as a round may take. */
const FIRST_PENDING = 4000

/** A server is compiled as it runs: it is warm after so many requests, or so many seconds. */
const WARM = { requests: 4000, seconds: 2, step: 0.4 }

const warmUp = async (subject, lanes, step) => {
  let [requests, seconds, rate] = [0, 0, 0]
  while (requests < WARM.requests && seconds < WARM.seconds) {
    const [first] = await runOnce(subject, lanes, step)
    requests += first.all
    seconds += step
    rate = first.rate
  }
  return rate
}

/**
 * @param {{name: string, lanes: object[], needsPending?: boolean}} measure
 * @param {Subject[]} subjects  the first one's answers are what the limit answers too
 * @param {object} limit  a server of startLimit(), with requests
 * @param {{rounds: number, seconds: number}} duration  of each subject: so many rounds, and so many seconds in all
 * @returns {Promise<{measure: string, server: string} & Figures[]>}
 */
export const compare = async ({ name, lanes, needsPending = false }, subjects, limit, { rounds, seconds }) => {
  const kinds = kindsOf({ lanes })
  const [first] = subjects
  const able = subjects.filter(({ requests }) => kinds.every((kind) => kind in requests))
  if (needsPending) for (const { fillPending } of able) await fillPending(FIRST_PENDING)
  await limit.answerWith(await Promise.all(kinds.map((kind) => sample(first.url, first.requests[kind]()))))

  const all = [...able, limit]
  const runs = all.map(() => [])
  for (const one of all) {
    const rate = await warmUp(one, lanes, Math.min(WARM.step, seconds / rounds))
    if (needsPending) one.pending = Math.ceil((rate * seconds * 1.2) / rounds)
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, one] of all.entries()) {
      if (needsPending) await one.fillPending?.(one.pending)
      runs[index].push(await runOnce(one, lanes, seconds / rounds))
    }
  }

  return lanes.flatMap((lane, index) => {
    const roundsOf = (one) => runs[all.indexOf(one)].map((round) => round[index])
    return all.map((one) => ({
      measure: lane.name ?? name,
      server: one.name,
      ...summarize(roundsOf(one), roundsOf(limit), roundsOf(first)),
      ...(one.pid && { memory: residentMemory(one.pid) }),
    }))
  })
}
