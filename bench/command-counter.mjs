// Stands between a service and its MongoDB server, and counts the commands that pass.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/: a header of 16 bytes, then flags, a section's kind, and the command's document. */
const OP_MSG = 2013
const HEADER = 16
const NAME_AT = HEADER + 4 + 1 + 4 + 1

/** How a driver keeps watch of its server: no request's doing. */
const WATCHING = new Set(['hello', 'isMaster', 'ismaster', 'endSessions', 'saslStart', 'saslContinue'])

/** Calls back with the name of each command in a stream, however it is cut up. */
const createReader = (onCommand) => {
  let kept = Buffer.alloc(0)
  return (chunk) => {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
    while (kept.length >= HEADER && kept.length >= kept.readInt32LE(0)) {
      const length = kept.readInt32LE(0)
      if (kept.readInt32LE(12) === OP_MSG) onCommand(kept.toString('utf8', NAME_AT, kept.indexOf(0, NAME_AT)))
      kept = kept.subarray(length)
    }
  }
}

/** @param {string} url  a connection string that names a host */
export const startCommandCounter = async (url) => {
  const [, before, host, after] = /^(mongodb:\/\/(?:[^@/]*@)?)([^/?,]+)[^/?]*(.*)$/.exec(url) ?? []
  if (host === undefined) throw new Error('--database-url: the bench counts commands, for which it needs mongodb://HOST:PORT')
  const [hostname, port = '27017'] = host.split(':')
  let counts = {}
  const sockets = []
  const server = createServer((socket) => {
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true })
    sockets.push(socket.setNoDelay(true), upstream)
    const read = createReader((name) => {
      if (!WATCHING.has(name)) counts[name] = (counts[name] ?? 0) + 1
    })
    socket.on('data', read).pipe(upstream).pipe(socket)
    for (const end of [socket, upstream]) end.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const options = `${after.includes('?') ? `${after}&` : `${after.includes('/') ? after : '/'}?`}directConnection=true`
  return {
    url: `${before}127.0.0.1:${server.address().port}${options}`,

    /** The commands since it was last asked. */
    take() {
      const taken = counts
      counts = {}
      return taken
    },

    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
