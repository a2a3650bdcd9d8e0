// Other task services, side by side with ours.
import { existsSync } from 'node:fs'
import { Refusal } from './refusal.mjs'
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

/** `NAME=URL`, or `NAME` of one that its adapter can start. */
const readPeer = async (given) => {
  const [name, ...rest] = given.split('=')
  const file = new URL(`peers/${name}.mjs`, import.meta.url)
  if (!existsSync(file)) throw new Refusal(`--peer ${given}: there is no adapter bench/peers/${name}.mjs`)
  const adapter = await import(file)
  const url = rest.length > 0 ? rest.join('=').replace(/\/$/, '') : undefined
  if (url === undefined && adapter.start === undefined) {
    throw new Refusal(`--peer ${given}: its adapter starts nothing, so say where it is: ${given}=URL`)
  }
  return { name, adapter, url }
}

/** Throws for a peer that cannot be had, before anything is seeded or measured. */
export const checkPeers = async (peers) => {
  for (const given of peers) {
    const { adapter, url } = await readPeer(given)
    if (url === undefined) adapter.check?.()
    else await fetch(url).catch(() => Promise.reject(new Refusal(`--peer ${given}: nothing answers there`)))
  }
}

export const openPeer = async (given, servers, tasks) => {
  const { name, adapter, url } = await readPeer(given)
  if (url !== undefined) return { name, url, requests: createPeerRequests(adapter, await createTasks(url, adapter)) }
  const server = await adapter.start(servers, tasks)
  return { name, ...server, requests: createPeerRequests(adapter, server.ids) }
}
