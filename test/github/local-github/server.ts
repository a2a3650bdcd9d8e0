import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './answer.ts'
import { findDestination, perform, type Surroundings } from './exchange.ts'
import type { createFaultPlan } from './fault-plan.ts'
import { toJsonText } from './json-text.ts'
import type { LoggedRequest, RequestLog } from './request-log.ts'

export interface ServerOptions {
  readonly port: number
  /** `/api/v3`, as an Enterprise server has it; nothing for github.com. */
  readonly prefix: string
  readonly surroundings: (api: string) => Surroundings
  readonly faults: ReturnType<typeof createFaultPlan>
  readonly log: RequestLog
}

const readText = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const toEtag = (text: string): string => `W/"${createHash('sha256').update(text).digest('hex')}"`

const parseOrKeep = (text: string): unknown => {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}

/** Writes an answer with the headers that all of GitHub's have. */
const write = (
  around: Surroundings,
  logged: LoggedRequest,
  response: ServerResponse,
  answer: Answer,
): void => {
  if (response.destroyed || response.headersSent) return
  const { world, limits } = around
  const isPage = typeof answer.body === 'string'
  const text =
    typeof answer.body === 'string'
      ? answer.body
      : answer.body === undefined
        ? ''
        : toJsonText(answer.body)
  const etag =
    logged.method === 'GET' && answer.status === 200 && !isPage ? toEtag(text) : undefined
  const isKnown =
    etag !== undefined && String(logged.headers['if-none-match'] ?? '').includes(etag.slice(2))
  if (isKnown && logged.account !== undefined) limits.refund(logged.account)
  logged.status = isKnown ? 304 : answer.status
  logged.answeredAt = world.now()
  logged.outcome = 'answered'
  response.writeHead(logged.status, {
    date: new Date(world.now()).toUTCString(),
    server: 'github.com',
    'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': randomUUID(),
    ...(etag !== undefined && { etag, 'cache-control': 'private, max-age=60, s-maxage=60' }),
    ...(logged.account !== undefined && limits.headers(logged.account)),
    ...answer.headers,
  })
  response.end(isKnown ? undefined : text)
}

/** Serves on the loopback; resolves once it listens. */
export const startServer = async ({ port, prefix, surroundings, faults, log }: ServerOptions) => {
  const closing = new AbortController()
  let api = ''
  let around: Surroundings

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await readText(incoming)
    const { method = 'GET', url = '/', headers } = incoming
    const path = url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url
    const request = { method, path, headers, text }
    const destination = findDestination(around, request)
    const route = typeof destination === 'object' ? destination.operation.route : undefined
    const credential = around.credentials.authenticate(headers.authorization)
    const logged: LoggedRequest = {
      at: around.world.now(),
      method,
      path,
      route,
      headers,
      body: parseOrKeep(text),
      account: 'status' in credential ? undefined : credential.account,
      status: undefined,
      answeredAt: undefined,
      outcome: 'open',
      fault: undefined,
      refused: undefined,
    }
    log.add(logged)
    const settle = (outcome: 'reset' | 'abandoned'): void => {
      if (logged.outcome !== 'open') return
      logged.outcome = outcome
      logged.answeredAt = around.world.now()
    }
    response.once('close', () => settle('abandoned'))
    let done: Answer | undefined
    const commit = (): Answer => {
      done ??= perform(around, request, logged, destination)
      return done
    }
    const befalling = faults.take(route ?? `${method} ${path}`)
    logged.fault = befalling?.fault.name
    const account = logged.account ?? 'anonymous'
    await befalling?.fault.happen({
      commit,
      send: (sent) => write(around, logged, response, sent),
      reset() {
        settle('reset')
        response.socket?.resetAndDestroy()
      },
      wait: (ms) => sleep(ms, undefined, { signal: closing.signal }),
      released: befalling.released,
      exhaust: (limit) => around.limits.exhaust(account, limit),
      slowDown: (limit) => around.limits.slowDown(account, limit),
    })
    // One who has left is not served: what is done nonetheless is done by the fault itself.
    if (!response.headersSent && logged.outcome === 'open')
      write(around, logged, response, commit())
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => {
      // What waits when this GitHub closes, and bodies that were cut, end here; all else is a mistake of ours.
      if (!closing.signal.aborted && !incoming.destroyed) around.slips.push(String(error))
      response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`
  around = surroundings(api)

  return {
    url: api,
    async close(): Promise<void> {
      closing.abort()
      faults.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
