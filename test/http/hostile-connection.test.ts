import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { sendJson } from '../send-json.ts'
import { startServer } from '../start-app.ts'
import { exchange, openSocket, parseAnswer } from './raw-socket.ts'
import { expectInvalid, expectProblem } from './requests.ts'

const HOST = 'Host: localhost\r\n'
const JSON_POST = `POST /tasks HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`
const BODY = '{"title":"x"}'
const WHOLE = `Content-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`

/** The service still answers, and holds so many tasks. */
const expectTasks = async (url: string, count: number): Promise<void> => {
  expect(await (await fetch(`${url}/tasks`)).json()).toHaveLength(count)
}

describe('what is no HTTP is 400 as a problem', () => {
  test.each([
    ['garbage', 'GARBAGE\r\n\r\n'],
    [
      'a TLS greeting',
      Buffer.from([0x16, 0x03, 0x01, 0x00, 0xa5, 0x01, 0x00, 0x00, 0xa1, 0x03, 0x03]),
    ],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', `BREW /tasks HTTP/1.1\r\n${HOST}\r\n`],
    ['a space in the URL', `GET /ta sks HTTP/1.1\r\n${HOST}\r\n`],
    ['a header without a colon', `GET /tasks HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`],
    ['a header name with a space', `GET /tasks HTTP/1.1\r\n${HOST}X Y: 1\r\n\r\n`],
    ['a folded header', `GET /tasks HTTP/1.1\r\n${HOST}X-Y: 1\r\n 2\r\n\r\n`],
    ['a negative length', `${JSON_POST}Content-Length: -1\r\n\r\n`],
    ['a length that is no number', `${JSON_POST}Content-Length: ten\r\n\r\n`],
    ['two lengths', `${JSON_POST}Content-Length: 13\r\nContent-Length: 14\r\n\r\n${BODY}`],
    [
      'a length and chunks',
      `${JSON_POST}Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a bad chunk', `${JSON_POST}Transfer-Encoding: chunked\r\n\r\nZZ\r\n${BODY}\r\n`],
    ['no Host', 'GET /tasks HTTP/1.1\r\n\r\n'],
  ])('%s', async (_, request) => {
    const url = await startServer()
    const answer = await exchange(url, request)
    expectProblem(answer, 400, 'malformed_request')
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body)))
    expect(answer.headers.connection).toBe('close')
    await expectTasks(url, 0)
  })

  test('an expectation that cannot be met is a problem too', async () => {
    const url = await startServer()
    const answer = await exchange(url, `${JSON_POST}Expect: the-impossible\r\n${WHOLE}`)
    expect(answer.statusCode).toBe(417)
    expectProblem(answer, 417, JSON.parse(answer.body || '{}').code)
  })
})

test.each([
  ['a huge header', `GET /tasks HTTP/1.1\r\n${HOST}X-Huge: ${'x'.repeat(20_000)}\r\n\r\n`],
  ['a huge URL', `GET /tasks?q=${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`],
  [
    '10,000 query parameters',
    `GET /tasks?${'status=pending&'.repeat(10_000)} HTTP/1.1\r\n${HOST}\r\n`,
  ],
  ['many headers', `GET /tasks HTTP/1.1\r\n${HOST}${'X-Many: 1\r\n'.repeat(5000)}\r\n`],
])('%s is 431', async (_, request) => {
  const url = await startServer()
  expectProblem(await exchange(url, request), 431, 'headers_too_large')
  await expectTasks(url, 0)
})

describe('X-Request-Id', () => {
  test.each([
    'a b',
    '<script>',
    'a%0d%0aSet-Cookie:x=1',
    'é',
    'a\tb',
    '"',
    'a,b',
    'x'.repeat(129),
    '',
  ])('%j is replaced and never echoed', async (given) => {
    const url = await startServer()
    const answer = await exchange(
      url,
      `GET /nowhere HTTP/1.1\r\n${HOST}X-Request-Id: ${given}\r\nConnection: close\r\n\r\n`,
    )
    const { request_id } = expectProblem(answer, 404, 'route_not_found')
    expect(request_id).not.toBe(given)
    expect(request_id).toMatch(/^[\w-]{4,64}$/)
  })

  test.each(['a\rSet-Cookie: x=1', 'a\nSet-Cookie: x=1', 'a\r\r\nSet-Cookie: x=1', 'a\u0000b'])(
    '%j does not split the answer',
    async (given) => {
      const url = await startServer()
      const answer = await exchange(
        url,
        `GET /tasks HTTP/1.1\r\n${HOST}X-Request-Id: ${given}\r\nConnection: close\r\n\r\n`,
      )
      expect(answer.headers['set-cookie']).toBeUndefined()
      if (answer.statusCode !== 200) expectProblem(answer, 400, 'malformed_request')
      else expect(answer.headers['x-request-id']).toMatch(/^[\w-]+$/)
    },
  )
})

describe('Idempotency-Key', () => {
  test.each(['caf\u00e9', 'a\u0080b', 'a\tb', '', 'k'.repeat(201)])('%j is 422', async (key) => {
    const url = await startServer()
    const answer = await exchange(url, `${JSON_POST}Idempotency-Key: ${key}\r\n${WHOLE}`)
    expectInvalid(answer)
    await expectTasks(url, 0)
  })

  test.each(['a\rb', 'a\nX-Evil: 1', 'a\u0000b', 'a\u0007b'])('%j is no HTTP', async (key) => {
    const url = await startServer()
    const answer = await exchange(url, `${JSON_POST}Idempotency-Key: ${key}\r\n${WHOLE}`)
    expectProblem(answer, 400, 'malformed_request')
    await expectTasks(url, 0)
  })
})

describe('a body that is too large is refused while it streams in', () => {
  const MB = 1024 * 1024
  const piece = Buffer.alloc(64 * 1024, ' ')
  const chunk = Buffer.concat([
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ])

  test.each([
    ['/tasks', 'with its length', 'Content-Length: 104857600'],
    ['/tasks', 'in chunks', 'Transfer-Encoding: chunked'],
    ['/tasks/batch', 'with its length', 'Content-Length: 104857600'],
    ['/tasks/batch', 'in chunks', 'Transfer-Encoding: chunked'],
  ])('100 MB to %s %s', async (path, _, length) => {
    const url = await startServer()
    await expectTasks(url, 0)
    const before = process.memoryUsage().rss
    const { socket, ended } = await openSocket(url)
    let [most, sent, isOpen] = [0, 0, true]
    const closed = ended.then((text) => {
      isOpen = false
      return text
    })
    socket.write(
      `POST ${path} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${length}\r\n\r\n`,
    )
    while (isOpen && sent < 100 * MB) {
      if (!socket.write(length.startsWith('Content') ? piece : chunk))
        await Promise.race([drained(socket), closed])
      sent += piece.length
      most = Math.max(most, process.memoryUsage().rss - before)
    }
    socket.end()
    expectProblem(parseAnswer(await closed), 413, 'body_too_large')
    expect(most).toBeLessThan(50 * MB)
    expect(sent).toBeLessThan(64 * MB)
    await expectTasks(url, 0)
  })

  const drained = (socket: NodeJS.EventEmitter): Promise<void> =>
    new Promise((resolve) => socket.once('drain', resolve))

  test('a chunked body over the limit is 413 before it has ended', async () => {
    const url = await startServer()
    const { socket, ended } = await openSocket(url)
    socket.write(`${JSON_POST}Transfer-Encoding: chunked\r\n\r\n`)
    for (let sent = 0; sent <= MB; sent += piece.length) socket.write(chunk)
    expectProblem(parseAnswer(await ended), 413, 'body_too_large')
  })

  test('a chunked body within the limit is taken', async () => {
    const url = await startServer()
    const chunks = [...BODY].map((character) => `1;ext=1\r\n${character}\r\n`).join('')
    const answer = await exchange(
      url,
      `${JSON_POST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunks}0\r\n\r\n`,
    )
    expect(answer.statusCode).toBe(201)
  })
})

describe('who is too slow is cut', () => {
  const slowest = { headers: 300, request: 600, stall: 600 }

  /** Sends a piece every 50 ms until the connection is closed; tells what came back, and after how long. */
  const drip = async (
    url: string,
    first: string,
    piece: string,
  ): Promise<{ answer: string; ms: number }> => {
    const started = performance.now()
    const { socket, ended } = await openSocket(url)
    socket.write(first)
    const stop = new AbortController()
    const dripping = (async () => {
      while (!stop.signal.aborted && socket.writable) {
        socket.write(piece)
        await sleep(50)
      }
    })()
    const answer = await ended
    stop.abort()
    await dripping
    return { answer, ms: performance.now() - started }
  }

  test.each([
    ['headers', `GET /tasks HTTP/1.1\r\n${HOST}X-Slow: `, 'x'],
    ['a request line', 'GET /', 'x'],
    ['a body', `${JSON_POST}Content-Length: 100000\r\n\r\n{"title":"`, 'x'],
    ['a chunked body', `${JSON_POST}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  ])('with %s', async (_, first, piece) => {
    const url = await startServer({ slowest })
    const { answer, ms } = await drip(url, first, piece)
    expect(ms).toBeLessThan(5000)
    if (answer !== '') expectProblem(parseAnswer(answer), 408, 'request_timeout')
    await expectTasks(url, 0)
  })

  test('a client that says nothing more after its headers is cut too', async () => {
    const url = await startServer({ slowest })
    const { ended } = await openSocket(url)
    const { socket, ended: half } = await openSocket(url)
    socket.write(`${JSON_POST}Content-Length: 13\r\n\r\n{"ti`)
    const answer = await half
    if (answer !== '') expectProblem(parseAnswer(answer), 408, 'request_timeout')
    const silent = await ended
    if (silent !== '') expectProblem(parseAnswer(silent), 408, 'request_timeout')
    await expectTasks(url, 0)
  })
})

test('a client that takes nothing of a long list is cut, and one that takes it slowly is not', async () => {
  const url = await startServer({ slowest: { headers: 15_000, request: 45_000, stall: 500 } })
  const task = { title: 'long', description: 'x'.repeat(60_000) }
  for (let batches = 0; batches < 5; batches += 1) {
    const operations = Array.from({ length: 100 }, () => ({ op: 'create', task }))
    await (await sendJson(`${url}/tasks/batch`, 'POST', { operations })).arrayBuffer()
  }
  const { socket, ended } = await openSocket(url)
  socket.pause().write(`GET /tasks HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
  await sleep(2500)
  socket.resume()
  expect((await ended).length).toBeLessThan(30_000_000)

  let size = 0
  for await (const chunk of (await fetch(`${url}/tasks`)).body ?? []) {
    if (size < 1_000_000) await sleep(20)
    size += chunk.length
  }
  expect(size).toBeGreaterThan(30_000_000)
})

test('requests on one connection are answered in their order, each with its own id', async () => {
  const url = await startServer()
  const requests = ['/tasks', '/nowhere', '/livez'].map(
    (path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`,
  )
  const { socket, ended } = await openSocket(url)
  socket.write(`${requests.join('')}GET /tasks HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
  const text = await ended
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
    '200',
    '404',
    '200',
    '200',
  ])
  expect(new Set([...text.matchAll(/x-request-id: (\S+)/gi)].map(([, id]) => id)).size).toBe(4)
})
