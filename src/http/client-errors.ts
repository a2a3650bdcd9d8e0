import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type ProblemDetails, pathOf, STATUS, toProblem } from './problem.ts'

const MALFORMED: ProblemDetails = {
  code: 'malformed_request',
  detail: 'The request is not valid HTTP',
}
const FAULTS: Readonly<Record<string, ProblemDetails>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: 'The URL and the headers together are larger than 16 KiB',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The request came too slowly' },
}

/** What node:http refuses before there is a request: a problem too, written by hand. */
export const refuseConnection = (
  error: Error & { code?: string },
  socket: Socket,
  requestId: string,
): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const body = toProblem(FAULTS[error.code ?? ''] ?? MALFORMED, '/', requestId)
  const { status, title } = JSON.parse(body) as { status: number; title: string }
  socket.end(
    [
      `HTTP/1.1 ${status} ${title}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}

/**
 * An Expect header with anything but 100-continue, which node:http would answer with a bare 417.
 */
export const refuseExpectations = (
  server: Server,
  newRequestId: (request: IncomingMessage) => string,
): void => {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const fault: ProblemDetails = {
      code: 'expectation_failed',
      detail: 'Unsupported Expect header; only 100-continue is supported',
    }
    const requestId = newRequestId(request)
    const body = toProblem(fault, pathOf(request.url ?? '/'), requestId)
    response
      .writeHead(STATUS[fault.code], {
        'content-type': 'application/problem+json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'x-request-id': requestId,
        connection: 'close',
      })
      .end(body)
  })
}
