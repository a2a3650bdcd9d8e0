import type { Actor, RequestContext, RequestKey } from './context.ts'
import { type AppError, tooManyKeys } from './errors.ts'

/** How long a key is remembered, in milliseconds. */
export const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000

/** How many unexpired keys of changes an entity may have. Its MongoDB document holds them all. */
export const MAX_CHANGE_KEYS = 100

/** A key within a commit. */
export interface IdempotencyKey {
  /** The text it is stored as. */
  readonly key: string
  /** A digest of the request. The same key with another one is refused. */
  readonly fingerprint: string
  /** Milliseconds since the epoch; both are the service's clock. */
  readonly now: number
  readonly expiresAt: number
  /** Whether a retried creation gets the entity as it is now, while there is one. */
  readonly answersCurrent?: boolean
  /** The kind of entity that the request creates or changes; absent: `task`. */
  readonly resource?: string
}

/** What a store keeps of a request with a key. */
export interface IdempotencyRecord {
  readonly fingerprint: string
  /** `claim`: a batch reserved the key; each of its operations has a record of its own. */
  readonly kind: 'creation' | 'change' | 'claim'
  /** The first answer of a creation: the JSON text. 0.1.0 kept it for a batch's changes, too. */
  readonly json: string | null
  /** The version that a change led to; a deletion's is the next one. */
  readonly version: number | null
}

/**
 * The key of a request, if it has one. `entityId` is that of the entity that it changes, `resource`
 * the kind of record that it creates or changes.
 */
export const toKey = (
  { actor, key, now }: RequestContext,
  entityId?: string,
  resource?: string,
): IdempotencyKey | undefined =>
  key && {
    ...(resource !== undefined && { resource }),
    key: scopedKey(actor, key, entityId, resource),
    fingerprint: key.fingerprint,
    now: now(),
    expiresAt: now() + KEY_LIFETIME_MS,
  }

/**
 * The text that a key is stored as. It belongs to its caller; that of a record to its kind as well,
 * a change's to its entity, an operation's to its batch. A caller's key has no line break, so no
 * two of these can be confused.
 */
const scopedKey = (
  { id }: Actor,
  { key, index }: RequestKey,
  entityId: string | undefined,
  resource: string | undefined,
): string => {
  const own = id === null ? key : `${key}\n:${id}`
  if (index !== undefined) return `${own}\n#${index}`
  const ofKind = resource === undefined ? own : `${own}\n+${resource}`
  return entityId === undefined ? ofKind : `${ofKind}\n@${entityId}`
}

/**
 * Refuses another key for an entity that has the maximum. `oldestExpiresAt` is when the first of
 * its keys expires, in milliseconds since the epoch.
 */
export const checkKeyCount = (
  count: number,
  oldestExpiresAt: number,
  { now, resource = 'task' }: IdempotencyKey,
): AppError | undefined =>
  count < MAX_CHANGE_KEYS
    ? undefined
    : tooManyKeys(resource, MAX_CHANGE_KEYS, Math.max(1, Math.ceil((oldestExpiresAt - now) / 1000)))
