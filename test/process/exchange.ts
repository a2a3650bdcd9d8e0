import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A client's connection of its own, which it would keep alive. */
export const openConnection = (): Agent => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

/** Sends the head of a request; the body is the caller's to write and end. */
export const begin = (url: string, method: string, agent = openConnection()): ClientRequest =>
  request(url, { method, agent, headers: { 'content-type': 'application/json' } })

/** The answer as it begins, its body unread. */
export const answerTo = async (sent: ClientRequest): Promise<IncomingMessage> => {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}

/** A request and its whole answer, over a new connection unless one is given. */
export const exchange = async (
  url: string,
  method = 'GET',
  body?: unknown,
  agent?: Agent,
): Promise<Answer> => {
  const answer = await answerTo(
    begin(url, method, agent).end(body === undefined ? undefined : JSON.stringify(body)),
  )
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) }
}
