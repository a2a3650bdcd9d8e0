import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sendJson } from '../send-json.ts'
import { spawnService } from '../spawn-service.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'

/** A preloaded module that lets standard output pass for a terminal. */
const TERMINAL = 'data:text/javascript,process.stdout.isTTY=true'

type Line = Readonly<Record<string, unknown>>

/** Everything on standard output. Throws unless each line is a JSON object. */
const linesOf = ({ stdout }: RunningProcess): Line[] =>
  stdout()
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const parsed = JSON.parse(line) as unknown
      expect(parsed).toBeTypeOf('object')
      return parsed as Line
    })

/** Sends GET `path` with the given bytes as User-Agent; without any, no such header is sent. */
const ask = (url: string, path: string, agent?: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(
      `${url}${path}`,
      { headers: agent === undefined ? {} : { 'user-agent': agent }, agent: false },
      (response) => response.resume().on('end', () => resolve(response.statusCode)),
    )
      .on('error', reject)
      .end()
  })

/** The line of the one request for `path`, once it is written. */
const accessLine = (service: RunningProcess, path: string): Promise<Line> =>
  vi.waitFor(() => {
    const found = linesOf(service).find(({ msg, url }) => msg === 'request' && url === path)
    if (found === undefined) throw new Error(`no line for ${path} yet`)
    return found
  })

/** Any bytes that HTTP allows in a header; white space at its ends is not part of it. */
const headerText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0x20, max: 0x7e }),
      fc.integer({ min: 0x80, max: 0xff }),
      fc.constant(0x09),
    ),
    {
      maxLength: 400,
    },
  )
  .map((bytes) => String.fromCharCode(...bytes).replace(/^[ \t]+|[ \t]+$/g, ''))

const findFreePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const start = (env: Record<string, string> = {}) =>
  startProcess({ DATABASE_URL: 'none', SHUTDOWN_DRAIN_MS: '0', ...env }, createFolder())

describe('the access log', () => {
  test('has the address of the client, whatever headers claim, and its user agent if it sent one', async () => {
    const service = await start()
    await ask(service.url, '/livez', 'curl/8.9.1')
    await ask(service.url, '/tasks')
    const forwarded = {
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'user-agent': '',
    }
    await fetch(`${service.url}/metrics`, { headers: forwarded })
    const remote_address = '127.0.0.1'
    const answered = {
      level: 30,
      method: 'GET',
      status: 200,
      remote_address,
      user_agent: 'curl/8.9.1',
    }
    expect(await accessLine(service, '/livez')).toMatchObject(answered)
    expect(await accessLine(service, '/tasks')).not.toHaveProperty('user_agent')
    expect(await accessLine(service, '/metrics')).toMatchObject({ remote_address, user_agent: '' })
  })

  const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => address === '::1'),
  )

  test.each(hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1'])(
    'shows the client at %s as it is',
    async (host) => {
      const service = await start({ HOST: hasIpv6 ? '::' : '0.0.0.0' })
      await ask(service.url.replace('127.0.0.1', host), '/livez')
      expect(await accessLine(service, '/livez')).toMatchObject({
        remote_address: host.replace(/[[\]]/g, ''),
      })
    },
  )

  test('has a line for a client that leaves in the middle of a streamed list', async () => {
    const service = await start({ DATABASE_URL: 'sqlite:tasks.db' })
    const task = { title: 'Long', description: '-'.repeat(800) }
    const operations = Array.from({ length: 1000 }, () => ({ op: 'create', task }))
    for (let count = 0; count < 8; count++)
      await sendJson(`${service.url}/tasks/batch`, 'POST', { operations })
    const asked = request(`${service.url}/tasks`, (response) =>
      response.once('data', () => asked.destroy()),
    )
    asked.on('error', () => {}).end()
    const expected = {
      msg: 'request aborted by the client',
      status: 200,
      remote_address: '127.0.0.1',
    }
    await vi.waitFor(
      () => expect(linesOf(service)).toContainEqual(expect.objectContaining(expected)),
      { timeout: 5000 },
    )
  })

  test('takes a user agent of any bytes: one line of printable ASCII, cut after 256 characters', async () => {
    const service = await start()
    const agents = fc
      .sample(headerText, 40)
      .concat('"} {"level":60,"msg":"forged', '\\', '\u009b31m\u0085', 'x'.repeat(257))
    for (const [index, agent] of agents.entries())
      await ask(service.url, `/livez?n=${index}`, agent)
    for (const [index, agent] of agents.entries())
      expect((await accessLine(service, `/livez?n=${index}`)).user_agent).toBe(agent.slice(0, 256))
    expect(service.stdout()).toMatch(/^[\n\x20-\x7e]*$/)
  })

  test('escapes bytes of the path that are not ASCII', async () => {
    const service = await start()
    const { port } = new URL(service.url)
    const socket = connect(Number(port), '127.0.0.1').end(
      Buffer.from(
        'GET /caf\xe9 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
        'latin1',
      ),
    )
    await new Promise((resolve) => socket.resume().once('close', resolve))
    await service.end('SIGTERM')
    linesOf(service)
    expect(service.stdout()).toMatch(/^[\n\x20-\x7e]*$/)
  })
})

describe('standard output', () => {
  test('has JSON lines alone where it is no terminal, from the start to the stop', async () => {
    const service = await start()
    await ask(service.url, '/livez')
    expect(await service.end('SIGTERM')).toBe(0)
    const messages = linesOf(service).map(({ level, time, msg }) => {
      expect({ level, time }).toEqual({
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      })
      return msg
    })
    expect(messages).toEqual(['started', 'request', 'stopping', 'stopped'])
  })

  test('shows a banner on a terminal, before any line of the log', async () => {
    const folder = createFolder()
    const service = await startProcess(
      { NODE_OPTIONS: `--import=${TERMINAL}`, SHUTDOWN_DRAIN_MS: '0' },
      folder,
    )
    expect(service.stdout()).toMatch(
      /^task-manager-api \d+\.\d+\.\d+\n {2}docs {2}http:\/\/127\.0\.0\.1:\d+\/docs\n {2}API {3}http:\/\/127\.0\.0\.1:\d+\/tasks\n {2}data {2}\.\/data\/tasks\.db\n$/,
    )
    await service.end('SIGTERM')
    expect(service.stdout()).not.toContain('"started"')
    expect(service.stdout()).toContain('"stopped"')
  })

  test('is empty at LOG_LEVEL=silent', async () => {
    const port = await findFreePort()
    const env = {
      DATABASE_URL: 'none',
      LOG_LEVEL: 'silent',
      SHUTDOWN_DRAIN_MS: '0',
      PORT: String(port),
    }
    const { child, output, listening } = spawnService(env, createFolder())
    listening.catch(() => {})
    onTestFinished(() => void child.kill('SIGKILL'))
    await vi.waitFor(() => ask(`http://127.0.0.1:${port}`, '/livez'), { timeout: 10_000 })
    child.kill('SIGTERM')
    await once(child, 'close')
    expect({ code: child.exitCode, output: output() }).toEqual({ code: 0, output: '' })
  })
})
