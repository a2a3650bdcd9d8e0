import { type Companion, nextCompanion } from './companion.ts'
import type { Entity } from './entity.ts'
import type { AppError } from './errors.ts'
import type { NewEvent } from './event.ts'
import { checkKeyCount, type IdempotencyKey, type IdempotencyRecord } from './idempotency.ts'

/**
 * An entity as it is sent: its JSON text is ready, so that a read neither parses nor serialises.
 */
export interface StoredEntity extends Entity {
  readonly json: string
}

/**
 * What a change comes to, decided by a pure function that sees the entity as it is at the moment of
 * the commit. `companion` is that after it: undefined leaves it, null removes it.
 */
export type Decision<E extends Entity> =
  | {
      readonly kind: 'change'
      readonly entity: E
      readonly event: NewEvent
      readonly companion?: Companion | null | undefined
    }
  | {
      readonly kind: 'delete'
      readonly event: NewEvent
      readonly companion?: Companion | null | undefined
    }
  | { readonly kind: 'keep'; readonly companion?: Companion | null | undefined }
  | { readonly kind: 'refuse'; readonly error: AppError }

export type Decide<E extends Entity> = (current: E, companion: Companion | undefined) => Decision<E>

/** A decision of the companion's owner, who may also change the entity. */
export type DecideCompanion<E extends Entity> = (
  companion: Companion | undefined,
  current: E | undefined,
) => Exclude<Decision<E>, { kind: 'delete' | 'refuse' }>

/**
 * `replayed`: the request was carried out before. A replayed change answers the entity as it is
 * now, or `deleted` when it is gone, whichever request deleted it.
 */
export type CommitResult =
  | { readonly kind: 'stored'; readonly entity: StoredEntity; readonly replayed: boolean }
  | { readonly kind: 'deleted'; readonly replayed: boolean }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly error: AppError }
  | { readonly kind: 'key_reused' }
  | UniqueKeyTaken

/** Another record of its kind has the unique key. Only the store's index can tell. */
export interface UniqueKeyTaken {
  readonly kind: 'taken'
}

/** What a commit is decided upon. */
export interface State<E extends Entity> {
  readonly entity: E | undefined
  readonly companion: Companion | undefined
}

/** What a commit writes: an adapter writes all of it or nothing. Absent parts stay as they are. */
export interface Write<E extends Entity> {
  /** Null deletes the entity. */
  readonly entity?: E | null
  /** The JSON text of the entity. */
  readonly json?: string
  readonly event?: NewEvent
  readonly key?: IdempotencyRecord
  /** Null removes the companion. */
  readonly companion?: Companion | null
}

/** What a commit comes to: the answer and, unless it leaves everything as it is, the write. */
export interface Plan<E extends Entity, R = CommitResult> {
  readonly result: R
  readonly write?: Write<E>
}

/** The keys of an entity, as the store has them. */
export interface KeyState {
  /** The unexpired record of the request's own key. */
  readonly record: IdempotencyRecord | undefined
  /** How many unexpired keys of changes there are, and when the first one expires. */
  readonly count: number
  readonly oldestExpiresAt: number
}

export const toStored = (entity: Entity): StoredEntity => ({
  id: entity.id,
  version: entity.version,
  json: JSON.stringify(entity),
})

/** The commit of a new entity. A key with a record must be answered by `replay` instead. */
export const planCreation = <E extends Entity>(
  entity: E,
  event: NewEvent,
  key: IdempotencyKey | undefined,
  companion: Companion | undefined,
): Plan<E, CommitResult & { kind: 'stored' }> & { readonly write: Write<E> } => {
  const stored = toStored(entity)
  const { json } = stored
  return {
    result: { kind: 'stored', entity: stored, replayed: false },
    write: {
      entity,
      json,
      event,
      ...(key && { key: { ...recordOf(key), kind: 'creation', json } }),
      ...(companion && { companion }),
    },
  }
}

/** The commit of a change or a deletion. `keys` is needed if there is a key. */
export const planChange = <E extends Entity>(
  { entity, companion }: State<E>,
  decide: Decide<E>,
  key?: IdempotencyKey,
  keys?: KeyState,
): Plan<E> => {
  if (key !== undefined && keys?.record !== undefined)
    return { result: replay(keys.record, key, entity) }
  if (entity === undefined) return { result: { kind: 'absent' } }
  const error = key && keys && checkKeyCount(keys.count, keys.oldestExpiresAt, key)
  if (error !== undefined) return { result: { kind: 'refused', error } }
  const decision = decide(entity, companion)
  return decision.kind === 'refuse'
    ? { result: { kind: 'refused', error: decision.error } }
    : planDecision(entity, companion, decision, key)
}

/** A change by the companion's owner. Its result is the companion after it. */
export const planCompanion = <E extends Entity>(
  { entity, companion }: State<E>,
  decide: DecideCompanion<E>,
): Plan<E, Companion | undefined> => {
  const decision = decide(companion, entity)
  const { write } = planDecision(entity, companion, decision, undefined)
  const next = write?.companion
  return { result: next === undefined ? companion : (next ?? undefined), ...(write && { write }) }
}

const planDecision = <E extends Entity>(
  entity: E | undefined,
  current: Companion | undefined,
  decision: Exclude<Decision<E>, { kind: 'refuse' }>,
  key: IdempotencyKey | undefined,
): Plan<E> => {
  const companion = nextCompanion(current, decision.companion)
  const beside = (version: number) => ({
    ...(key && { key: { ...recordOf(key), kind: 'change' as const, version } }),
    ...(companion !== undefined && { companion }),
  })
  switch (decision.kind) {
    case 'keep': {
      const write = beside(entity?.version ?? 0)
      const result: CommitResult =
        entity === undefined
          ? { kind: 'absent' }
          : { kind: 'stored', entity: toStored(entity), replayed: false }
      return Object.keys(write).length === 0 ? { result } : { result, write }
    }
    case 'change': {
      const stored = toStored(decision.entity)
      return {
        result: { kind: 'stored', entity: stored, replayed: false },
        write: {
          entity: decision.entity,
          json: stored.json,
          event: decision.event,
          ...beside(stored.version),
        },
      }
    }
    case 'delete':
      return {
        result: { kind: 'deleted', replayed: false },
        write: { entity: null, event: decision.event, ...beside(decision.event.version) },
      }
  }
}

/** A batch's reservation of a key, before its operations run. */
export const claimRecord = (key: IdempotencyKey): IdempotencyRecord => ({
  ...recordOf(key),
  kind: 'claim',
})

const recordOf = ({ fingerprint }: IdempotencyKey) => ({ fingerprint, json: null, version: null })

/** Whether `replay` needs the entity as it is now. */
export const replaysCurrent = ({ json }: IdempotencyRecord, key: IdempotencyKey): boolean =>
  json === null || key.answersCurrent === true

/**
 * The answer to a request whose key has a record. A creation gets its first answer, byte for byte,
 * or where the key says so the entity as it is now; a change gets the entity as it is now.
 */
export const replay = (
  { fingerprint, kind, json }: IdempotencyRecord,
  key: IdempotencyKey,
  current: Entity | undefined,
): CommitResult => {
  if (kind === 'claim' || fingerprint !== key.fingerprint) return { kind: 'key_reused' }
  if (json !== null && (current === undefined || key.answersCurrent !== true))
    return { kind: 'stored', entity: fromJson(json), replayed: true }
  return current === undefined
    ? { kind: 'deleted', replayed: true }
    : { kind: 'stored', entity: toStored(current), replayed: true }
}

const fromJson = (json: string): StoredEntity => {
  const { id, version } = JSON.parse(json) as Entity
  return { id, version, json }
}
