// The load generator: keep-alive connections that each send a request, read its answer to the end, and send the next.
// It is written on bare sockets, as a generator that costs more than the server it drives would measure itself.
import { connect } from 'node:net'

const HEAD_END = '\r\n\r\n'
const CHUNKS_END = '0\r\n\r\n'

/** So long after the end the last answers may take. */
const PATIENCE_MS = 60_000

/** Every connection reads into this one buffer: what was read is used up before the next read. */
const shared = Buffer.allocUnsafeSlow(256 * 1024)

/**
 * A connection, once it stands. `ask(text, onAnswer)` sends a request; `onAnswer(status, excerpt)` is called when the
 * whole answer is there, the excerpt (the answer's first bytes) only where the status is no success.
 */
const openConnection = ({ hostname, port }, onError) =>
  new Promise((resolve, reject) => {
    let [begun, left, isChunked, status, excerpt, onAnswer] = [undefined, 0, false, 0, '', undefined]
    let isInBody = false

    const onHead = (bytes, end) => {
      const head = bytes.latin1Slice(0, end)
      status = Number(head.slice(9, 12))
      excerpt = status < 400 ? '' : bytes.latin1Slice(0, Math.min(2000, bytes.length))
      isChunked = /\r\ntransfer-encoding: *chunked/i.test(head)
      left = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      isInBody = true
      onBody(bytes.subarray(end + HEAD_END.length))
    }

    const onBody = (bytes) => {
      left -= bytes.length
      if (isChunked ? bytes.latin1Slice(-CHUNKS_END.length) !== CHUNKS_END : left > 0) return
      isInBody = false
      onAnswer(status, excerpt)
    }

    const onData = (length, buffer) => {
      const read = buffer.subarray(0, length)
      if (isInBody) onBody(read)
      else {
        const bytes = begun === undefined ? read : Buffer.concat([begun, read])
        const end = bytes.indexOf(HEAD_END)
        begun = end < 0 ? Buffer.from(bytes) : undefined
        if (end >= 0) onHead(bytes, end)
      }
      return true
    }

    const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer: shared, callback: onData } })
    const ask = (text, answered) => {
      onAnswer = answered
      socket.write(text, 'latin1')
    }
    const fail = (error) => {
      reject(error)
      onError(error)
    }
    socket.once('connect', () => resolve({ ask, close: () => socket.removeAllListeners('close').destroy() }))
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('the server closed a connection')))
  })

/** The request as it goes over the wire. A body is an object or a JSON text, of ASCII alone. */
export const toText = ({ method = 'GET', path, headers = {}, body }) => {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const all = text === undefined ? headers : { 'content-type': 'application/json', 'content-length': text.length, ...headers }
  const lines = Object.entries({ host: '127.0.0.1', ...all }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text ?? ''}`
}

/**
 * Drives a server for so many seconds.
 * @param {string} url
 * @param {{connections: number, next: () => string | undefined}[]} lanes  each with connections of its own; `next` gives the
 *   text of the next request, or undefined when there is none any more
 * @returns the lanes' requests a second and ascending latencies in ms, the seconds it took, and `cpu`, the generator's own share of a core
 */
export const drive = async (url, lanes, seconds) => {
  const failure = createFailure()
  const patience = setTimeout(() => failure.reject(new Error(`${url} did not answer`)), seconds * 1000 + PATIENCE_MS)
  const opened = await Promise.all(
    lanes.flatMap((lane, index) =>
      Array.from({ length: lane.connections }, async () => ({
        index,
        lane,
        ...(await openConnection(new URL(url), failure.reject)),
      })),
    ),
  )
  const latencies = lanes.map(() => [])
  const usage = process.cpuUsage()
  const began = performance.now()
  const deadline = began + seconds * 1000
  let last = began
  const counts = lanes.map(() => 0)

  const run = ({ index, lane, ask }) =>
    new Promise((resolve) => {
      let sent = began
      const send = () => {
        const text = sent < deadline ? lane.next() : undefined
        if (text === undefined) resolve()
        else ask(text, onAnswer)
      }
      const onAnswer = (status, excerpt) => {
        if (status >= 400) return failure.reject(new Error(`${url} answered ${status}: ${excerpt}`))
        const now = performance.now()
        latencies[index].push(now - sent)
        if (now <= deadline) {
          counts[index] += 1
          last = now
        }
        sent = now
        send()
      }
      send()
    })

  try {
    await Promise.race([Promise.all(opened.map(run)), failure.promise])
  } finally {
    clearTimeout(patience)
    for (const { close } of opened) close()
  }
  const ended = performance.now()
  const { user, system } = process.cpuUsage(usage)
  /** Answers that take longer than the whole time are counted over the time that they took. */
  const isSlow = counts.every((count) => count === 0)
  const took = ((isSlow ? ended : last) - began) / 1000
  return {
    seconds: took,
    cpu: (user + system) / 1000 / (ended - began),
    lanes: lanes.map((_, index) => ({
      requests: latencies[index].length,
      rate: (isSlow ? latencies[index].length : counts[index]) / took,
      latencies: Float64Array.from(latencies[index]).sort(),
    })),
  }
}

/** A promise that is only ever rejected, by whoever sees that something went wrong. */
const createFailure = () => {
  let reject
  const promise = new Promise((_, rejectIt) => {
    reject = rejectIt
  })
  promise.catch(() => {})
  return { promise, reject }
}
