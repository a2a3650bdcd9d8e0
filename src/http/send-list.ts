import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ChunkReader } from '../core/chunk-reader.ts'
import type { Page } from '../core/entity-reads.ts'
import { streamArray, toArray, unknownLength } from './stream-array.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** A list that a request asks for, and how it is read. */
export interface List {
  all(): ChunkReader
  page(limit: number): Promise<Page<string>>
  /** Undefined for the whole list. */
  readonly limit: number | undefined
}

interface Reads<Query, Place> {
  page(query: Query, after: Place | undefined, limit: number): Promise<Page<Place>>
  all(query: Query, from: Place | undefined): ChunkReader
}

interface Asked<Query, Place> {
  readonly query: Query
  readonly after: Place | undefined
  readonly limit: number | undefined
}

export const toList = <Query, Place>(
  reads: Reads<Query, Place>,
  { query, after, limit }: Asked<Query, Place>,
  toCursor: (place: Place) => string,
): List => ({
  limit,
  all: () => reads.all(query, after),

  async page(size) {
    const { texts, next } = await reads.page(query, after, size)
    return { texts, next: next === undefined ? undefined : toCursor(next) }
  },
})

/** Answers with one page, and where the next one is, or with the whole list as a stream. */
export const sendList = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { all, page, limit }: List,
): Promise<FastifyReply> => {
  reply.header('content-type', JSON_TYPE)
  if (limit === undefined)
    return request.method === 'HEAD'
      ? reply.send(unknownLength())
      : reply.send(await streamArray(all()))
  const { texts, next } = await page(limit)
  if (next !== undefined) reply.header('link', nextLink(request, next))
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
