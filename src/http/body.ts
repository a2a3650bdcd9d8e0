import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { Type } from '../core/typebox.ts'
import { parseJson } from './json-text.ts'
import { HttpError } from './problem.ts'

/**
 * The most a body may hold, in bytes; a batch may hold more. Both are refused while they stream in.
 */
export const BODY_LIMIT = 1024 * 1024
export const BATCH_BODY_LIMIT = 8 * 1024 * 1024

/** The body of a route that needs none: absent, empty or `{}`. The document shows no body. */
export const NO_BODY = Type.Union([Type.Object({}, { additionalProperties: false }), Type.Null()])

/**
 * A body that may be left out: Fastify validates an absent one as null. The document shows `schema`
 * and that it is not required.
 */
export const optionalBody = <S extends TSchema>(schema: S) =>
  Type.Union([schema, Type.Null()], { optionalBody: schema })

/**
 * Takes JSON in UTF-8 and nothing else, and refuses bytes that are no UTF-8 rather than mending
 * them.
 */
export const addBodyParsers = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'buffer' },
    (request, body, done) => {
      try {
        done(null, toBody(request, body as Buffer))
      } catch (error) {
        done(error as Error)
      }
    },
  )
}

/** The body as a value; undefined for an empty one, which some clients send with a content type. */
const toBody = ({ method, headers }: FastifyRequest, body: Buffer): unknown => {
  const type = headers['content-type'] ?? ''
  if (method !== 'PATCH' && type.includes('merge-patch'))
    throw unsupported('Only PATCH takes application/merge-patch+json')
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw unsupported('Send the body uncompressed')
  if (!/^utf-8$/i.test(/;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1] ?? 'utf-8'))
    throw unsupported('Send the body in UTF-8')
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new HttpError('malformed_json', 'The body is not valid UTF-8')
  return parseJson(body.toString())
}

const unsupported = (detail: string): HttpError => new HttpError('unsupported_media_type', detail)
