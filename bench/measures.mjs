// What is measured: for each measure the connections and the next request, and for `npm run bench -- --smoke` whether it is guarded.
import { createBatch, createRandom, findDeepPage } from './seed.mjs'

const CONNECTIONS = 64
const JSON_TYPE = { 'content-type': 'application/json' }
const STATUSES = ['pending', 'in_progress', 'completed']

/** The same new task each time, as load generators send it. */
const PLAIN = JSON.stringify({
  title: 'Write the report',
  description: 'For the meeting on Friday, with the figures of the last quarter.',
})

/**
 * The measures of a service that holds these tasks, in their order: the reads first, as the writes add tasks.
 * @typedef {{method?: string, path: string, headers?: object, body?: string}} Request
 * @typedef {{name: string, isGuarded?: boolean, connections: number, next: () => Request}} Measure
 * @returns {Promise<Measure[]>}
 */
export const createMeasures = async (url, ids) => {
  const random = createRandom(2)
  const deepPage = await findDeepPage(url, ids.length)
  const batch = createBatch(random, 100)
  let turn = 0

  const anyTask = () => `/tasks/${ids[random(ids.length)]}`
  const getOne = () => ({ path: anyTask() })
  const list = (path) => () => ({ path })
  const getPage = list('/tasks?limit=50')
  const create = () => ({ method: 'POST', path: '/tasks', headers: JSON_TYPE, body: PLAIN })
  const createOnce = () => ({
    ...create(),
    headers: { ...JSON_TYPE, 'idempotency-key': `"bench-${turn++}-${Date.now()}"` },
  })
  const patch = () => {
    const due_at = new Date(1.9e12 + turn++ * 1000).toISOString()
    const body = JSON.stringify({ status: STATUSES[turn % STATUSES.length], due_at })
    return { method: 'PATCH', path: anyTask(), headers: JSON_TYPE, body }
  }
  const createBatchOf100 = () => ({
    method: 'POST',
    path: '/tasks/batch',
    headers: JSON_TYPE,
    body: batch,
  })
  const mixed = () =>
    [getOne, getOne, getOne, getOne, getOne, getOne, getOne, getPage, create, create][random(10)]()

  return [
    { name: 'GET one', isGuarded: true, next: getOne },
    { name: 'GET 50', isGuarded: true, next: getPage },
    { name: 'filtered page', next: list('/tasks?status=pending&priority=high&limit=50') },
    { name: 'sorted page', isGuarded: true, next: list('/tasks?sort=due_at&limit=50') },
    { name: 'deep page', next: list(deepPage) },
    { name: 'search', isGuarded: true, next: list('/tasks?q=deploy&limit=50') },
    { name: 'PATCH', isGuarded: true, next: patch },
    { name: 'POST', isGuarded: true, next: create },
    { name: 'POST with key', next: createOnce },
    { name: 'batch of 100', connections: 8, next: createBatchOf100 },
    { name: 'mixed', next: mixed },
  ].map((measure) => ({ connections: CONNECTIONS, ...measure }))
}
