import type { Actor, RequestContext } from './context.ts'

/** The changed fields by name; null stands for the value before a creation or after a deletion. */
export type Changes = Readonly<
  Record<string, { readonly before: unknown; readonly after: unknown }>
>

/** An event as a commit holds it; the store adds its sequence. */
export interface NewEvent {
  /** Made of the entity and the version, as each version has exactly one event. */
  readonly id: string
  /** `RESOURCE.WHAT`, such as `task.created`. */
  readonly type: string
  readonly resource: string
  readonly resource_id: string
  /** The version that the change led to; a deletion counts as one. */
  readonly version: number
  /** On events of tasks. */
  readonly task_id?: string
  /** An RFC 3339 instant in UTC. */
  readonly time: string
  readonly actor: Actor
  /** Null on events of version 0.1.0. */
  readonly operation_id: string | null
  readonly changes: Changes
}

/** What an event says beyond its entity, version and context. */
export interface EventContent {
  /** The part of the type after the resource. */
  readonly what: string
  readonly time: string
  readonly changes: Changes
}

export const newEvent = (
  resource: string,
  { id, version }: { readonly id: string; readonly version: number },
  { actor, operationId }: Pick<RequestContext, 'actor' | 'operationId'>,
  { what, time, changes }: EventContent,
): NewEvent => ({
  id: eventId(id, version),
  type: `${resource}.${what}`,
  resource,
  resource_id: id,
  version,
  ...(resource === 'task' && { task_id: id }),
  time,
  actor,
  operation_id: operationId,
  changes,
})

export const createdChanges = (values: Readonly<Record<string, unknown>>): Changes =>
  changesOf(values, (value) => ({ before: null, after: value }))

export const deletedChanges = (values: Readonly<Record<string, unknown>>): Changes =>
  changesOf(values, (value) => ({ before: value, after: null }))

const changesOf = (
  values: Readonly<Record<string, unknown>>,
  toChange: (value: unknown) => Changes[string],
): Changes =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, toChange(value)]),
  )

/** An event of version 0.1.0: of a task, with the actor `api` or `github:LOGIN`. */
interface OldEvent {
  readonly type: string
  readonly task_id: string
  readonly time: string
  readonly actor: string
  readonly changes: Changes
}

/** An event as some version has stored it. */
export type StoredEvent = NewEvent | (OldEvent & { readonly version: number })

/** The JSON text of an event. `sequence` is null until it is assigned. */
export const toEventText = (sequence: number | null, stored: StoredEvent): string =>
  JSON.stringify({ sequence, ...readEvent(stored) })

const readEvent = (stored: StoredEvent): NewEvent => {
  if ('resource' in stored) return toNewEvent(stored)
  const { type, task_id, version, time, actor, changes } = stored
  return {
    id: eventId(task_id, version),
    type,
    resource: 'task',
    resource_id: task_id,
    version,
    task_id,
    time,
    actor: toActor(actor),
    operation_id: null,
    changes,
  }
}

/** Without what a store keeps beside the event. */
const toNewEvent = (stored: NewEvent): NewEvent => {
  const { id, type, resource, resource_id, version, task_id } = stored
  const { time, actor, operation_id, changes } = stored
  const ids = task_id === undefined ? { resource_id, version } : { resource_id, version, task_id }
  return { id, type, resource, ...ids, time, actor, operation_id, changes }
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
