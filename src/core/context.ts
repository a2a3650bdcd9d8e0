import { createHash, randomUUID } from 'node:crypto'

/** Who made a change. */
export interface Actor {
  /** `api`: a client without log-in. `system`: the service itself. */
  readonly type: 'api' | 'user' | 'agent' | 'github' | 'system'
  /** The id of the user or agent; null for the other types. */
  readonly id: string | null
  /** The name to show; null if it is not known. */
  readonly name: string | null
}

export const API_ACTOR: Actor = { type: 'api', id: null, name: null }

/** What every write is given: who asks, within which operation, and by which clock. */
export interface RequestContext {
  readonly actor: Actor
  /** A UUID that all events of one request share. */
  readonly operationId: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** What a retry of the request is recognised by; absent if it is not safe to retry. */
  readonly key?: RequestKey | undefined
}

export interface RequestKey {
  /** The text that the caller chose. */
  readonly key: string
  /** A digest of the request (`toFingerprint`). */
  readonly fingerprint: string
  /** Of an operation of a batch: its place, from 0. */
  readonly index?: number
}

export const newOperationId = (): string => randomUUID()

/**
 * The operation of a request with a key: the same for each retry by the same caller. `entityId` is
 * that of the changed entity; for a new one its kind, absent for a batch. A UUID of version 8 (RFC
 * 9562, 5.8).
 */
export const keyedOperationId = (
  { id }: Actor,
  key: string,
  entityId: string | undefined,
): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([id, key, entityId]))
    .digest()
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6)
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8)
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
