import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { toSync } from './linked-store.ts'
import { deliveryAt } from './sync-contract.ts'

/**
 * In milliseconds: what docs/deploy.md promises, plus lag; the delay of each server response, so
 * that two commands do not end in time.
 */
const PROMISED = 5500
const SLOW = 2400

/** A way to the same database on which each answer can be made to take a while. */
const createSlowWay = async (url: string) => {
  let delay = 0
  const way = new URL(url)
  const { hostname, port } = way
  const sockets: Socket[] = []
  const server = createServer((client) => {
    const database = connect(Number(port || 27017), hostname)
    sockets.push(client, database)
    client.on('error', () => {}).pipe(database.on('error', () => {}))
    database.on('data', (answer) => setTimeout(() => client.write(answer), delay))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  way.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  way.searchParams.set('directConnection', 'true')
  const slowDown = (): void => {
    delay = SLOW
  }
  return { url: way.href, slowDown }
}

test('a call of the sync ends in time, however many commands it takes and however slow each is', async () => {
  const { url, slowDown } = await createSlowWay(await createDatabaseUrl())
  const repository = await openMongoRepository(url, TASK)
  onTestFinished(() => repository.close())
  const sync = toSync(repository)
  for (const seconds of [1, 2]) await sync.addDelivery(deliveryAt(seconds))
  await sync.acquireLease('work', 'a', 1)
  slowDown()
  const began = performance.now()
  const calls = [
    sync.closeDelivery(deliveryAt(1).id, deliveryAt(9).receivedAt),
    sync.acquireLease('work', 'b', 60_000),
  ]
  const results = await Promise.allSettled(calls)
  expect(performance.now() - began).toBeLessThan(PROMISED)
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})
