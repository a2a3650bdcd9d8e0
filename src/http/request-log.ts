import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { formatInstant } from '../core/instant.ts'

/** Takes one finished line at a time. */
export type WriteLine = (line: string) => void

/** Longer values of a client's headers are cut: one request must not fill the log. */
const MAX_HEADER_CHARACTERS = 256

/** Strings that are their own JSON: printable ASCII without `"` and `\`. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

const NOT_ASCII = /[\x7f-\uffff]/g

/** An IPv4 address as a socket for both families has it (RFC 4291, section 2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:(?=[\d.]+$)/i

/**
 * One line for each request when it is answered: who asked for what, how it ended, how long it
 * took. It is built by hand, in the form of the logger's own lines, because that is faster.
 */
export class RequestLog extends LogController {
  readonly #write: WriteLine | undefined

  /** Without a writer no request is logged, only what fails. */
  constructor(write: WriteLine | undefined) {
    super()
    this.#write = write
  }

  /** Node.js keeps an address once it was read; that of a client that has left cannot be read. */
  override incomingRequest(request: FastifyRequest): void {
    void request.socket.remoteAddress
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (error)
      request.log.warn({ request_id: request.id, err: error }, 'the answer did not get through')
    this.#write?.(toLine(request, reply, 'request'))
  }

  /** A client that leaves in the middle of a streamed answer is no error of the service. */
  override streamError(
    error: Error & { code?: string },
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE')
      this.#write?.(toLine(request, reply, 'request aborted by the client'))
    else super.streamError(error, request, reply)
  }
}

const toLine = (request: FastifyRequest, reply: FastifyReply, message: string): string => {
  const ms = Math.round(reply.elapsedTime * 100) / 100
  return `{"level":30,"time":"${formatInstant(Date.now())}","request_id":"${request.id}","method":"${request.method}","url":${quote(request.url)},"status":${reply.statusCode},"ms":${ms}${toClient(request)},"msg":"${message}"}\n`
}

/** The client's address and user agent; each is left out where it is not known. */
const toClient = ({ ip, headers }: FastifyRequest): string => {
  const agent = headers['user-agent']
  const address =
    ip === undefined ? '' : `,"remote_address":${quote(cut(ip.replace(MAPPED_IPV4, '')))}`
  return agent === undefined ? address : `${address},"user_agent":${quote(cut(agent))}`
}

const cut = (text: string): string =>
  text.length > MAX_HEADER_CHARACTERS ? text.slice(0, MAX_HEADER_CHARACTERS) : text

/**
 * A JSON string in printable ASCII: no byte from a client can end the line or control a terminal.
 */
const quote = (text: string): string =>
  PLAIN.test(text)
    ? `"${text}"`
    : JSON.stringify(text).replace(NOT_ASCII, (character) => toEscape(character.charCodeAt(0)))

const toEscape = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`
