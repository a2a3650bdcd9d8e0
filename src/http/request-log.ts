import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { formatInstant } from '../core/instant.ts'

/** Takes one finished line at a time. */
export type WriteLine = (line: string) => void

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/**
 * One line a request, when it is answered: what was asked, what came of it, how long it took. It is put together by hand,
 * in the form of the logger's own lines, as a line is written for each request.
 */
export class RequestLog extends LogController {
  readonly #write: WriteLine | undefined

  /** Without a writer no request is logged, only what fails. */
  constructor(write: WriteLine | undefined) {
    super()
    this.#write = write
  }

  override incomingRequest(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    if (error) request.log.warn({ request_id: request.id, err: error }, 'the answer did not get through')
    if (this.#write === undefined) return
    const url = PLAIN.test(request.url) ? `"${request.url}"` : JSON.stringify(request.url)
    const ms = Math.round(reply.elapsedTime * 100) / 100
    this.#write(
      `{"level":30,"time":"${formatInstant(Date.now())}","request_id":"${request.id}","method":"${request.method}","url":${url},"status":${reply.statusCode},"ms":${ms},"msg":"request"}\n`,
    )
  }
}
