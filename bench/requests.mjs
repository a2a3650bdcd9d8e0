// The requests of the measures, as the service and a peer take them.
import { toCursor } from '../dist/core/task-query.js'
import { toText } from './load.mjs'
import { createDraft, createRandom } from './seed.mjs'

/** The same new task each time, as load generators send it. */
const PLAIN = {
  title: 'Write the report',
  description: 'For the meeting on Friday, with the figures of the last quarter.',
}
const BATCH = 100
const PAGE = 50
const WORD = 'deploy'

/** One of so many deep pages is asked for, each time another. */
const DEEP_PAGES = 64
/** The part of the list that lies before a deep page. */
const DEPTH = 0.9

const createBatch = (drafts) => ({
  method: 'POST',
  path: '/tasks/batch',
  body: { operations: drafts.map((task) => ({ op: 'create', task })) },
})

/**
 * @typedef {{count: number, at: (index: number) => string}} Ids
 * @typedef {Record<string, () => string | undefined>} Requests  for each kind, what makes the text of the next one
 */

/**
 * The service's own.
 * @param {Ids} ids
 * @param {{byCreation: string[], byDueDate: string[]}} cursors  of deep pages
 * @param {() => string | undefined} nextPending  the id of a task that nobody has completed yet
 * @returns {Requests}
 */
export const createRequests = (ids, cursors, nextPending) => {
  const random = createRandom(2)
  const anyId = () => ids.at(random(ids.count))
  const any = (list) => list[random(list.length)]
  const fixed = (request) => {
    const text = toText(request)
    return () => text
  }
  const patch = (body) => toText({ method: 'PATCH', path: `/tasks/${anyId()}`, body })
  const statuses = ['pending', 'in_progress', 'completed']
  let turn = 0
  return {
    get: () => toText({ path: `/tasks/${anyId()}` }),
    list: fixed({ path: `/tasks?limit=${PAGE}` }),
    filtered: fixed({ path: `/tasks?status=pending&priority=high&limit=${PAGE}` }),
    sorted: fixed({ path: `/tasks?sort=due_at&limit=${PAGE}` }),
    deep: () => toText({ path: `/tasks?limit=${PAGE}&cursor=${any(cursors.byCreation)}` }),
    sortedDeep: () => toText({ path: `/tasks?sort=due_at&limit=${PAGE}&cursor=${any(cursors.byDueDate)}` }),
    search: fixed({ path: `/tasks?q=${WORD}&limit=${PAGE}` }),
    create: fixed({ method: 'POST', path: '/tasks', body: PLAIN }),
    createVaried: () => toText({ method: 'POST', path: '/tasks', body: createDraft(random) }),
    createOnce: () =>
      toText({ method: 'POST', path: '/tasks', headers: { 'idempotency-key': `"bench-${turn++}-${Date.now()}"` }, body: PLAIN }),
    patch: () => {
      const due_at = new Date(1.9e12 + turn++ * 1000).toISOString()
      return patch({ status: statuses[turn % statuses.length], due_at })
    },
    patchText: () => patch({ title: `Write report ${turn++}` }),
    complete() {
      const id = nextPending()
      return id && toText({ method: 'POST', path: `/tasks/${id}/complete` })
    },
    batch: fixed(createBatch(Array.from({ length: BATCH }, () => createDraft(random)))),
  }
}

/** What a peer's adapter can do of these: bench/README.md tells how to write one. */
export const createPeerRequests = ({ create, get, list, headers = {} }, ids) => {
  const random = createRandom(2)
  const text = (request) => toText({ ...request, headers: { ...headers, ...request.headers } })
  const [listText, createdText] = [text(list(PAGE)), text(create(PLAIN))]
  return { get: () => text(get(ids.at(random(ids.count)))), list: () => listText, create: () => createdText }
}

const call = async (url, path, init) => {
  const response = await fetch(url + path, init)
  if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** Cursors of pages with nine tenths of the list before them: a task's place is told by a random sample. */
export const findCursors = async (url, ids) => {
  const random = createRandom(3)
  const byCreation = []
  for (let index = 0; index < DEEP_PAGES; index++) {
    const deep = Math.floor(ids.count * DEPTH) + random(Math.max(1, Math.floor(ids.count * (1 - DEPTH) * 0.9)))
    const { id, created_at } = await call(url, `/tasks/${ids.at(deep)}`)
    byCreation.push(toCursor({ value: created_at, id }, { key: 'created_at', descending: false }))
  }
  const sample = []
  for (let index = 0; index < 1000; index++) sample.push(await call(url, `/tasks/${ids.at(random(ids.count))}`))
  sample.sort((a, b) => ((a.due_at ?? '~') < (b.due_at ?? '~') ? -1 : 1))
  const byDueDate = sample
    .slice(sample.length * DEPTH, sample.length * DEPTH + DEEP_PAGES)
    .map(({ id, due_at }) => toCursor({ value: due_at, id }, { key: 'due_at', descending: false }))
  return { byCreation, byDueDate }
}

/** So many tasks are created by one request: a few groups of commits. */
const FILLED = 500

/** Tasks for `complete`, which spends one a request. `fill(count)` creates so many. */
export const createPendingPool = (url) => {
  const pool = []
  const body = JSON.stringify(createBatch(Array.from({ length: FILLED }, () => PLAIN)).body)
  return {
    next: () => pool.pop(),
    async fill(count) {
      while (pool.length < count) {
        const headers = { 'content-type': 'application/json' }
        const { results } = await call(url, '/tasks/batch', { method: 'POST', headers, body })
        pool.push(...results.flatMap(({ task }) => (task === undefined ? [] : [task.id])))
      }
    },
  }
}

/** The answer to one request: its status and the size of its body. */
export const sample = async (url, text) => {
  const [head, body] = text.split('\r\n\r\n')
  const [line, ...fields] = head.split('\r\n')
  const [method, path] = line.split(' ')
  const headers = Object.fromEntries(
    fields.map((field) => field.split(': ')).filter(([name]) => !/^(host|content-length)$/.test(name)),
  )
  const response = await fetch(url + path, { method, headers, ...(body === '' ? {} : { body }) })
  const { length } = await response.text()
  return { key: path.includes('?') ? `${method}?` : method, status: response.status, size: length }
}
