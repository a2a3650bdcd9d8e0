import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { BSON, type Document } from 'mongodb'
import { onTestFinished } from 'vitest'

/**
 * What it answers to an insert of these documents. `cut`: the connection ends without an answer;
 * `store and cut`: after the documents were stored; `silence`: nothing, until `cut` is called.
 */
export type InsertScript = (
  documents: readonly Document[],
) => Document | 'cut' | 'store and cut' | 'silence'

const HEADER = 16
const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

/** The primary of a replica set, so that the driver sends a write again as it does in production. */
const helloFrom = (host: string): Document => ({
  ok: 1,
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  setName: 'scripted',
  setVersion: 1,
  me: host,
  primary: host,
  hosts: [host],
  minWireVersion: 0,
  maxWireVersion: 21,
  maxBsonObjectSize: 16 * 1024 * 1024,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
})

/** Everything goes well, and these are found. */
const answerWith = (found: readonly Document[]): Document => ({
  ok: 1,
  n: 1,
  nModified: 1,
  value: null,
  cursor: { id: 0n, ns: 'tasks.tasks', firstBatch: found },
})

/**
 * A server that speaks MongoDB's wire protocol
 * (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/), for answers to inserts
 * that no server gives when it is asked to. It stores the documents of `store and cut` alone, and
 * finds them by `_id`. `inserts` has the number of documents of each insert, `finds` the number of
 * searches for a document.
 */
export const startScriptedMongodb = async (script: InsertScript) => {
  const inserts: number[] = []
  const counts = { finds: 0 }
  const stored = new Map<unknown, Document>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let bytes = Buffer.alloc(0)
    socket
      .on('error', () => {})
      .on('data', (data) => {
        bytes = Buffer.concat([bytes, data])
        while (bytes.length >= HEADER && bytes.length >= bytes.readInt32LE(0)) {
          const message = bytes.subarray(0, bytes.readInt32LE(0))
          bytes = bytes.subarray(message.length)
          answer(socket, message)
        }
      })
  })
  /** Ends every connection. */
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const answer = (socket: Socket, message: Buffer): void => {
    const id = message.readInt32LE(4)
    const greeting = helloFrom(host)
    if (message.readInt32LE(12) === OP_QUERY) return void socket.write(toReply(id, greeting))
    const { command, documents } = readMessage(message)
    if (command.hello !== undefined) return void socket.write(toMessage(id, greeting))
    if (command.insert !== 'tasks')
      return void socket.write(toMessage(id, answerWith(find(command))))
    inserts.push(documents.length)
    const scripted = script(documents)
    if (scripted === 'store and cut') for (const one of documents) stored.set(one._id, one)
    if (scripted === 'cut' || scripted === 'store and cut') socket.destroy()
    else if (scripted !== 'silence') socket.write(toMessage(id, scripted))
  }

  const find = ({ find, filter }: Document): Document[] => {
    const isOfTask = find === 'tasks' && typeof filter._id === 'string'
    if (!isOfTask) return []
    counts.finds += 1
    const found = stored.get(filter._id)
    return found === undefined ? [] : [found]
  }

  return { url: `mongodb://${host}/tasks?replicaSet=scripted`, inserts, counts, cut }
}

/** The command of a message, and the documents of an insert or the statements of an update. */
export const readMessage = (message: Buffer) => {
  let command: Document = {}
  const documents: Document[] = []
  let at = HEADER + 4
  while (at < message.length) {
    const kind = message.readUInt8(at)
    const size = message.readInt32LE(at + 1)
    if (kind === 0) command = BSON.deserialize(message.subarray(at + 1, at + 1 + size))
    else documents.push(...readSequence(message.subarray(at + 5, at + 1 + size)))
    at += 1 + size
  }
  return { command, documents: [...(command.documents ?? []), ...documents] as Document[] }
}

/** A name, then one document after the other. */
const readSequence = (bytes: Buffer): Document[] => {
  const documents: Document[] = []
  for (let at = bytes.indexOf(0) + 1; at < bytes.length; at += bytes.readInt32LE(at)) {
    documents.push(BSON.deserialize(bytes.subarray(at, at + bytes.readInt32LE(at))))
  }
  return documents
}

const framed = (answered: number, code: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(HEADER)
  header.writeInt32LE(HEADER + body.length, 0)
  header.writeInt32LE(answered, 8)
  header.writeInt32LE(code, 12)
  return Buffer.concat([header, body])
}

const toMessage = (answered: number, document: Document): Buffer =>
  framed(answered, OP_MSG, Buffer.concat([Buffer.alloc(5), BSON.serialize(document)]))

/** The answer to the first hello of a connection, which is in the form of before MongoDB 3.6. */
const toReply = (answered: number, document: Document): Buffer => {
  const body = Buffer.alloc(20)
  body.writeInt32LE(1, 16)
  return framed(answered, OP_REPLY, Buffer.concat([body, BSON.serialize(document)]))
}
