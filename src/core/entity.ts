import { Type } from './typebox.ts'

/** What every resource has; its other fields are those of its table (field-table.ts). */
export type Entity = {
  /** A UUIDv7. */
  readonly id: string
  /** Starts at 1 and grows by one with each change. */
  readonly version: number
  /** Instants are UTC with milliseconds, so they compare as text. */
  readonly created_at: string
  readonly updated_at: string
} & Readonly<Record<string, unknown>>

/** The id of a task, a UUIDv7. Any other text is accepted too and is the id of no task. */
export const taskId = (description: string) => Type.String({ format: 'uuid', description })

/** An id as it is stored: a UUID is accepted in either case (RFC 9562, section 4). */
export const toTaskId = (text: string): string => text.toLowerCase()

const UNTRACKED = new Set(['id', 'version', 'created_at', 'updated_at', 'sync'])

/** The fields whose changes make a version and a line of history, in the order of the entity. */
export const trackedFields = (entity: Entity): string[] =>
  Object.keys(entity).filter((name) => !UNTRACKED.has(name))

export const changedFields = (before: Entity, after: Entity): string[] =>
  trackedFields(after).filter((name) => !isSame(before[name], after[name]))

const isSame = (a: unknown, b: unknown): boolean =>
  Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((item, index) => item === b[index])
    : a === b
