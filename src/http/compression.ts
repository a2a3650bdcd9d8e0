import { pipeline, Readable } from 'node:stream'
import { createGzip, gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'
import { unknownLength } from './stream-array.ts'

/** What is smaller gains nothing, in bytes. */
const SMALLEST = 1024

/** Texts of ours and of Swagger UI. A stream of events is not here, as it must leave at once. */
const COMPRESSIBLE =
  /^(?:application\/(?:problem\+)?json|application\/javascript|application\/x-yaml|image\/svg\+xml|text\/(?!event-stream))/

/** Tasks are much alike: a higher level costs twice the time for a few percent. */
const LEVEL = 4

/**
 * A reader that stalls holds its compressor: this one takes 64 KiB in place of 256 (zlib's manual,
 * deflateInit2).
 */
const STREAM = { level: LEVEL, windowBits: 13, memLevel: 6 }

/**
 * The maximum number of streams that are compressed concurrently; more are sent uncompressed, to
 * bound memory.
 */
const MAX_STREAMS = 32

/**
 * Compresses answers by gzip for clients that accept it (RFC 9110, 12.5.3): a whole body on zlib's
 * own threads, a stream piece by piece. The ETag stays that of the version, so that it serves as
 * If-Match whatever the encoding.
 */
export const addCompression = (app: FastifyInstance): void => {
  let streams = 0

  /** What fails in the source ends the compressor, and what ends the answer ends the source. */
  const compressStream = (source: Readable): Readable => {
    streams += 1
    return pipeline(source, createGzip(STREAM), () => {
      streams -= 1
    })
  }

  const compress: onSendHookHandler = (request, reply, payload, done) => {
    if (!isCompressible(reply)) return done(null, payload)
    addVary(reply, 'Accept-Encoding')
    if (!acceptsGzip(request.headers['accept-encoding']) || !isWorthIt(payload))
      return done(null, payload)
    if (payload instanceof Readable && streams >= MAX_STREAMS) return done(null, payload)
    reply.header('content-encoding', 'gzip').removeHeader('content-length')
    if (request.method === 'HEAD') return done(null, unknownLength())
    if (payload instanceof Readable) return done(null, compressStream(payload))
    gzip(payload, { level: LEVEL }, done)
  }
  app.addHook('onSend', compress)
}

/** Adds a name to the Vary header. */
export const addVary = (reply: FastifyReply, name: string): void => {
  const vary = reply.getHeader('vary')
  reply.header('vary', vary === undefined ? name : `${vary}, ${name}`)
}

/** A part of a file (206) is a part of its uncompressed form. */
const isCompressible = (reply: FastifyReply): boolean =>
  COMPRESSIBLE.test(String(reply.getHeader('content-type'))) &&
  reply.statusCode !== 206 &&
  !reply.hasHeader('content-encoding')

const isWorthIt = (payload: unknown): payload is string | Buffer | Readable =>
  payload instanceof Readable ||
  ((typeof payload === 'string' || Buffer.isBuffer(payload)) &&
    Buffer.byteLength(payload) >= SMALLEST)

/** Whether `gzip` is accepted: named itself with a weight above 0, else by `*`. */
export const acceptsGzip = (header: FastifyRequest['headers']['accept-encoding']): boolean => {
  if (header === undefined) return false
  const weights = new Map(header.toString().toLowerCase().split(',').map(toWeight))
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0
}

const toWeight = (part: string): [coding: string, weight: number] => {
  const [coding = '', ...parameters] = part.split(';').map((text) => text.trim())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  return [coding, weight === undefined ? 1 : Number(weight.slice(2))]
}
