import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  API_ACTOR,
  keyedOperationId,
  newOperationId,
  type RequestContext,
  type RequestKey,
} from '../core/context.ts'
import { toTaskId } from '../core/entity.ts'
import { toFingerprint } from '../core/fingerprint.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a write: the id that all its events have. */
    operationId: string
  }
  interface FastifyContextConfig {
    /** The kind that a route creates: a key of one says nothing about another. */
    resource?: string
  }
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Names the operation of a write in its answer, whatever comes of it. */
export const addOperationId = (request: FastifyRequest, reply: FastifyReply): void => {
  if (READS.has(request.method) || request.is404) return
  request.operationId = operationIdOf(request)
  reply.header('operation-id', request.operationId)
}

/** A retry with the same key is the same operation. */
const operationIdOf = ({ headers, params, routeOptions }: FastifyRequest): string => {
  const key = headers['idempotency-key']
  if (typeof key !== 'string' || key === '') return newOperationId()
  const { id } = (params ?? {}) as { readonly id?: string }
  const entityId = id === undefined ? routeOptions.config.resource : toTaskId(id)
  return keyedOperationId(API_ACTOR, key, entityId)
}

export type ReadContext = (
  request: FastifyRequest,
  purpose: string,
  body: unknown,
) => RequestContext

/** `now` is the service's clock. */
export const createContextReader =
  (now: () => number): ReadContext =>
  (request, purpose, body) => ({
    actor: API_ACTOR,
    operationId: request.operationId,
    now,
    key: toKey(request.headers['idempotency-key'], purpose, body),
  })

/** `purpose` tells kinds of request with equal bodies apart. */
const toKey = (
  key: string | string[] | undefined,
  purpose: string,
  body: unknown,
): RequestKey | undefined =>
  typeof key === 'string' ? { key, fingerprint: toFingerprint(purpose, body) } : undefined
