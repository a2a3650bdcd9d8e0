// Tasks as a team would write them: the same ones every time.
const COMMON = 'fix add review write update remove test deploy plan check'.split(' ')
const WORDS = Array.from(
  { length: 4000 },
  (_, index) => `${'bcdfghklmnprstvz'[index % 16]}${'aeiou'[index % 5]}${index.toString(36)}`,
)

/** A small generator of numbers below a bound (mulberry32), so that every run does the same. */
export const createRandom = (seed) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const pick = (random, list) => list[random(list.length)]

const createDraft = (random) => ({
  title: `${pick(random, COMMON)} ${pick(random, WORDS)} ${pick(random, WORDS)} ${pick(random, WORDS)}`,
  description: Array.from({ length: 12 }, () => pick(random, WORDS)).join(' '),
  status: pick(random, ['pending', 'pending', 'in_progress', 'completed']),
  priority: pick(random, ['low', 'medium', 'medium', 'high']),
  labels: random(4) === 0 ? [pick(random, ['ops', 'web', 'docs', 'bug'])] : [],
  ...(random(3) === 0 ? { due_at: new Date(1.8e12 + random(3e7) * 1000).toISOString() } : {}),
})

/** The body of a batch that creates tasks. */
export const createBatch = (random, count) =>
  JSON.stringify({
    operations: Array.from({ length: count }, () => ({ op: 'create', task: createDraft(random) })),
  })

const BATCH = 1000

/** Creates tasks in an empty service and returns their ids. */
export const seed = async (url, count) => {
  const random = createRandom(1)
  const ids = []
  while (ids.length < count) {
    const body = createBatch(random, Math.min(BATCH, count - ids.length))
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/tasks/batch`, { method: 'POST', headers, body })
    const { results } = await response.json()
    ids.push(...results.map(({ task }) => task.id))
  }
  return ids
}

/** The part of the list that lies before a deep page. */
const DEPTH = 0.9

/** The path of a page of 50 after nine tenths of the list. */
export const findDeepPage = async (url, count) => {
  let path = `/tasks?limit=${BATCH}`
  for (let before = 0; before < count * DEPTH; before += BATCH) {
    const response = await fetch(url + path)
    await response.arrayBuffer()
    path = /<([^>]*)>; rel="next"/.exec(response.headers.get('link'))?.[1] ?? path
  }
  return path.replace(`limit=${BATCH}`, 'limit=50')
}
