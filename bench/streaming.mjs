// All tasks in one answer: how fast they come, and how much memory the service takes meanwhile.
import { get } from 'node:http'
import { residentMemory } from './servers.mjs'
import { median } from './statistics.mjs'

const SAMPLED_MS = 20
const OPENING_BRACE = 0x7b

/** Each task is an object without objects in it, and no seeded text has a brace: so the opening ones count the tasks. */
const countTasks = (chunk) => {
  let count = 0
  for (let at = chunk.indexOf(OPENING_BRACE); at >= 0; at = chunk.indexOf(OPENING_BRACE, at + 1)) count += 1
  return count
}

const streamOnce = ({ url, pid }) =>
  new Promise((resolve, reject) => {
    const [before, began] = [residentMemory(pid), performance.now()]
    let [most, count, bytes] = [before, 0, 0]
    const sampling = setInterval(() => {
      most = Math.max(most, residentMemory(pid))
    }, SAMPLED_MS)
    const request = get(`${url}/tasks`, { agent: false }, (response) => {
      response.on('data', (chunk) => {
        count += countTasks(chunk)
        bytes += chunk.length
      })
      response.on('end', () => {
        clearInterval(sampling)
        const seconds = (performance.now() - began) / 1000
        resolve({ count, rate: count / seconds, megabytes: bytes / 1e6 / seconds, growth: most - before, memory: most })
      })
      response.on('error', reject)
    })
    request.on('error', reject)
  })

/** @returns {Promise<{count: number, rate: number, megabytes: number, growth: number, memory: number}>}  tasks and MB a second; MB of memory */
export const measureStreaming = async (subject, rounds) => {
  const runs = []
  for (let round = 0; round < rounds; round++) runs.push(await streamOnce(subject))
  const { count } = runs[0]
  if (count !== subject.ids.count) throw new Error(`${count} tasks were streamed in place of ${subject.ids.count}`)
  return {
    count,
    rate: median(runs.map(({ rate }) => rate)),
    megabytes: median(runs.map(({ megabytes }) => megabytes)),
    growth: Math.max(...runs.map(({ growth }) => growth)),
    memory: Math.max(...runs.map(({ memory }) => memory)),
  }
}
