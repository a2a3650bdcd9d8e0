import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Answer } from './requests.ts'

export interface Exchange {
  readonly socket: Socket
  /** What came back by the time that the connection was closed, by whichever side and however. */
  readonly ended: Promise<string>
}

/** A bare connection to the service, for what an HTTP client would never send. */
export const openSocket = async (url: string): Promise<Exchange> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.setEncoding('utf8').on('data', (data) => (received += String(data)))
  socket.on('error', () => {})
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  await new Promise<void>((resolve, reject) =>
    socket.once('connect', resolve).once('error', reject),
  )
  return { socket, ended }
}

/** Sends these bytes and resolves with the answer once the service has closed the connection, or has been silent for 3 s. */
export const exchange = async (url: string, request: string | Buffer): Promise<Answer> => {
  const { socket, ended } = await openSocket(url)
  socket.setTimeout(3000, () => void socket.destroy())
  socket.write(typeof request === 'string' ? Buffer.from(request, 'latin1') : request)
  return parseAnswer(await ended)
}

/** Reads the text of one answer that has a Content-Length. */
export const parseAnswer = (text: string): Answer => {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2)
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), valueIn(line)]),
  )
  return { statusCode: Number(statusLine.split(' ')[1]), headers, body }
}

const valueIn = (line: string): string => line.slice(line.indexOf(':') + 1).trim()
