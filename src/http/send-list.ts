import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ChunkReader } from '../core/chunk-reader.ts'
import type { Page } from '../core/entity-reads.ts'
import { streamArray, toArray, unknownLength } from './stream-array.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** A list that a request asks for, and how it is read. */
interface List<Query, Place> {
  readonly reads: {
    page(query: Query, after: Place | undefined, limit: number): Promise<Page<Place>>
    all(query: Query, from: Place | undefined): ChunkReader
  }
  readonly query: Query
  readonly after: Place | undefined
  /** Undefined for the whole list. */
  readonly limit: number | undefined
  toCursor(place: Place): string
}

/** Answers with one page, and where the next one is, or with the whole list as a stream. */
export const sendList = async <Query, Place>(
  request: FastifyRequest,
  reply: FastifyReply,
  { reads, query, after, limit, toCursor }: List<Query, Place>,
): Promise<FastifyReply> => {
  reply.header('content-type', JSON_TYPE)
  if (limit === undefined)
    return request.method === 'HEAD'
      ? reply.send(unknownLength())
      : reply.send(await streamArray(reads.all(query, after)))
  const { texts, next } = await reads.page(query, after, limit)
  if (next !== undefined) reply.header('link', nextLink(request, toCursor(next)))
  if (Buffer.isBuffer(texts)) return reply.send(toArray(texts))
  const stream = await streamArray(texts)
  if (request.method !== 'HEAD') return reply.send(stream)
  stream.destroy()
  return reply.send('')
}

/** Answers with the events of an entity. */
export const sendHistory = async (
  request: FastifyRequest,
  reply: FastifyReply,
  history: ChunkReader,
): Promise<FastifyReply> => {
  const events = await streamArray(history)
  reply.header('content-type', JSON_TYPE)
  if (request.method !== 'HEAD') return reply.send(events)
  events.destroy()
  return reply.send(unknownLength())
}

/** The same request from the cursor on (RFC 8288). */
const nextLink = (request: FastifyRequest, cursor: string): string => {
  const parameters = new URLSearchParams(request.url.split('?')[1])
  parameters.set('cursor', cursor)
  return `<${request.pathPrefix}${request.routeOptions.url}?${parameters}>; rel="next"`
}
