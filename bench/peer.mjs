// Other task services, side by side with ours.
import { existsSync } from 'node:fs'
import { createPeerRequests } from './requests.mjs'
import { createDraft, createRandom } from './seed.mjs'

/** So many tasks are created in a peer that was started by hand, for its reads to find. */
const CREATED = 200

const toInit = ({ method = 'GET', headers, body }) => ({
  method,
  headers: { 'content-type': 'application/json', ...headers },
  ...(body && { body: JSON.stringify(body) }),
})

const createTasks = async (url, { create, idOf, headers }) => {
  const random = createRandom(4)
  const ids = []
  for (let index = 0; index < CREATED; index++) {
    const { title, description } = createDraft(random)
    const request = create({ title, description })
    const response = await fetch(url + request.path, toInit({ ...request, headers: { ...headers, ...request.headers } }))
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
    ids.push(idOf(await response.json()))
  }
  return { count: ids.length, at: (index) => ids[index] }
}

/** @param {string} given  `NAME=URL`, or `NAME` of one that its adapter can start */
export const openPeer = async (given, servers, tasks) => {
  const [name, ...rest] = given.split('=')
  const file = new URL(`peers/${name}.mjs`, import.meta.url)
  if (!existsSync(file)) throw new Error(`--peer ${given}: there is no adapter bench/peers/${name}.mjs`)
  const adapter = await import(file)
  if (rest.length > 0) {
    const url = rest.join('=').replace(/\/$/, '')
    return { name, url, requests: createPeerRequests(adapter, await createTasks(url, adapter)) }
  }
  if (adapter.start === undefined)
    throw new Error(`--peer ${given}: its adapter starts nothing, so say where it is: ${given}=URL`)
  const server = await adapter.start(servers, tasks)
  return { name, ...server, requests: createPeerRequests(adapter, server.ids) }
}
