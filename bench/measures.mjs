// What is measured. A lane is a number of connections and how often each kind of request comes on them (requests.mjs).
const CONNECTIONS = 64

const only = (kind) => [{ connections: CONNECTIONS, mix: { [kind]: 1 } }]

/** In the order in which they are measured: the reads first, as the writes add tasks. */
export const MEASURES = [
  { name: 'GET one', lanes: only('get') },
  { name: 'GET 50', lanes: only('list') },
  { name: 'filtered page', lanes: only('filtered') },
  { name: 'sorted page', lanes: only('sorted') },
  { name: 'deep page', lanes: only('deep') },
  { name: 'sorted deep page', lanes: only('sortedDeep') },
  { name: 'search', lanes: only('search') },
  {
    name: 'search and GET one',
    lanes: [
      { name: 'search beside GET one', connections: 2, mix: { search: 1 } },
      { name: 'GET one beside search', connections: CONNECTIONS - 2, mix: { get: 1 } },
    ],
  },
  { name: 'PATCH', isWrite: true, lanes: only('patch') },
  { name: 'PATCH title', isWrite: true, lanes: only('patchText') },
  { name: 'complete', isWrite: true, lanes: only('complete'), needsPending: true },
  { name: 'POST', isWrite: true, lanes: only('create') },
  { name: 'POST varied', isWrite: true, lanes: only('createVaried') },
  { name: 'POST with key', isWrite: true, lanes: only('createOnce') },
  { name: 'batch of 100', isWrite: true, lanes: [{ connections: 8, mix: { batch: 1 } }] },
  { name: 'mixed', isWrite: true, lanes: [{ connections: CONNECTIONS, mix: { get: 14, list: 2, create: 4 } }] },
]

export const kindsOf = ({ lanes }) => [...new Set(lanes.flatMap(({ mix }) => Object.keys(mix)))]

/** Takes the kinds of a mix in a fixed turn that spreads each of them: the same one in every run. */
export const createNext = (mix, requests) => {
  const kinds = Object.entries(mix)
  if (kinds.length === 1) return requests[kinds[0][0]]
  const all = kinds.reduce((total, [, share]) => total + share, 0)
  const credit = kinds.map(() => 0)
  return () => {
    for (const [index, [, share]] of kinds.entries()) credit[index] += share
    const most = credit.indexOf(Math.max(...credit))
    credit[most] -= all
    return requests[kinds[most][0]]()
  }
}
