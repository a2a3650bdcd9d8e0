import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { readMessage } from '../repository/scripted-mongodb.ts'

/**
 * How a connection ends at a write: `unsent`, before the database has it; `sent`, as soon as the
 * database has it; `made`, when the database has made it, in place of its answer.
 */
export const CUTS = ['unsent', 'sent', 'made'] as const
export type Cut = (typeof CUTS)[number]

const HEADER = 16
const OP_MSG = 2013

/** The collections that commits write to. */
const ENTITIES: ReadonlySet<unknown> = new Set(['tasks', 'records'])

/** Whether a message is the write of a commit, which the relay's updates are not. */
const isCommit = (message: Buffer): boolean => {
  if (message.readInt32LE(12) !== OP_MSG) return false
  const { command, documents } = readMessage(message)
  if (ENTITIES.has(command.insert)) return true
  const [statement] = [...(command.updates ?? []), ...documents]
  return ENTITIES.has(command.update) && statement?.q.rev !== undefined
}

/** Calls back with each whole message of a stream. */
const byMessage = (take: (message: Buffer) => void): ((data: Buffer) => void) => {
  let bytes = Buffer.alloc(0)
  return (data) => {
    bytes = Buffer.concat([bytes, data])
    while (bytes.length >= HEADER && bytes.length >= bytes.readInt32LE(0)) {
      const message = bytes.subarray(0, bytes.readInt32LE(0))
      bytes = bytes.subarray(message.length)
      take(message)
    }
  }
}

/**
 * A way to a MongoDB server that ends the connection of a write when `decide` says how. `counts`
 * has the writes that it has seen, and its cuts.
 */
export const startCuttingProxy = async (
  url: string,
  decide: (write: number) => Cut | undefined,
) => {
  const way = new URL(url)
  const [host, port] = [way.hostname, Number(way.port || 27017)]
  const counts = { writes: 0, unsent: 0, sent: 0, made: 0 }
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const database = connect(port, host)
    for (const socket of [client, database]) sockets.add(socket.on('error', () => {}))
    const end = (): void => {
      client.destroy()
      database.end()
    }
    let cut: Cut | undefined
    client
      .on('close', () => database.end())
      .on(
        'data',
        byMessage((message) => {
          if (isCommit(message)) {
            counts.writes += 1
            cut = decide(counts.writes)
            if (cut !== undefined) counts[cut] += 1
          }
          if (cut === 'unsent') return end()
          database.write(message)
          if (cut === 'sent') end()
        }),
      )
    database
      .on('close', () => client.destroy())
      .on('data', (data) => {
        if (cut === undefined) client.write(data)
        else end()
      })
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  way.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  way.searchParams.set('directConnection', 'true')
  return { url: way.href, counts }
}
