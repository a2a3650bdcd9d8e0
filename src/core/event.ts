import type { Actor, RequestContext } from './context.ts'
import { changedFields, type TableEntity } from './entity.ts'

/** The changed fields by name; null stands for the value before a creation or after a deletion. */
export type Changes = Readonly<
  Record<string, { readonly before: unknown; readonly after: unknown }>
>

/** An event as a commit holds it; the store adds its sequence. */
export interface NewEvent {
  /** `RESOURCE.WHAT`, such as `task.created`. */
  readonly type: string
  /** The id of the entity. */
  readonly resource_id: string
  /** The version that the change led to; a deletion counts as one. */
  readonly version: number
  /** An RFC 3339 instant in UTC. */
  readonly time: string
  readonly actor: Actor
  readonly operation_id: string
  readonly changes: Changes
}

/** What an event says beyond its entity, version and context. */
export type EventContent = Pick<NewEvent, 'type' | 'time' | 'changes'>

export const newEvent = (
  { id, version }: { readonly id: string; readonly version: number },
  { actor, operationId }: Pick<RequestContext, 'actor' | 'operationId'>,
  { type, time, changes }: EventContent,
): NewEvent => ({
  type,
  resource_id: id,
  version,
  time,
  actor,
  operation_id: operationId,
  changes,
})

/** The changes of a creation: all given fields that have a value. */
export const createdChanges = <F extends string>(
  entity: Readonly<Record<F, unknown>>,
  fields: readonly F[],
): Changes => {
  const changes: Record<string, Changes[string]> = {}
  for (const field of fields)
    if (entity[field] !== null) changes[field] = { before: null, after: entity[field] }
  return changes
}

/** The changes of a deletion: all given fields that had a value. */
export const deletedChanges = <F extends string>(
  entity: Readonly<Record<F, unknown>>,
  fields: readonly F[],
): Changes => {
  const changes: Record<string, Changes[string]> = {}
  for (const field of fields)
    if (entity[field] !== null) changes[field] = { before: entity[field], after: null }
  return changes
}

/** The changes from one version to a later one. */
export const changesBetween = (before: TableEntity, after: TableEntity): Changes =>
  Object.fromEntries(
    changedFields(before, after).map((name) => [
      name,
      { before: before[name], after: after[name] },
    ]),
  )

/** What version 0.1.0 stored in place of some members: the actor is `api` or `github:LOGIN`. */
interface OldEvent {
  readonly type: string
  readonly resource_id: string
  readonly version: number
  readonly time: string
  readonly actor: string
  readonly operation_id?: undefined
  readonly changes: Changes
}

/** An event as some version has stored it. */
export type StoredEvent = NewEvent | OldEvent

/** The kind of entity, which begins the type. */
export const resourceOf = ({ type }: Pick<StoredEvent, 'type'>): string =>
  type.slice(0, type.indexOf('.'))

/** The JSON text of an event as it is answered. `sequence` is null until it is assigned. */
export const toEventText = (sequence: number | null, stored: StoredEvent): string => {
  const { type, resource_id, version, time, actor, operation_id = null, changes } = stored
  const resource = resourceOf(stored)
  return JSON.stringify({
    sequence,
    id: eventId(resource_id, version),
    type,
    resource,
    resource_id,
    version,
    ...(resource === 'task' && { task_id: resource_id }),
    time,
    actor: typeof actor === 'string' ? toActor(actor) : actor,
    operation_id,
    changes,
  })
}

/**
 * A UUID of version 8 (RFC 9562, 5.8): that of the entity, with the version added to its last 40
 * bits. The bits before them, time and counter, differ between entities.
 */
const eventId = (entityId: string, version: number): string => {
  const end = (Number.parseInt(entityId.slice(26), 16) + version) % 2 ** 40
  return `${entityId.slice(0, 14)}8${entityId.slice(15, 26)}${end.toString(16).padStart(10, '0')}`
}

const toActor = (text: string): Actor =>
  text === 'github' || text.startsWith('github:')
    ? { type: 'github', id: null, name: text.slice('github:'.length) || null }
    : { type: 'api', id: null, name: null }
