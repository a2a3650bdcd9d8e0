import { toInstant } from './instant.ts'
import type { Task, TaskPriority, TaskStatus } from './task.ts'

export const SORT_KEYS = ['created_at', 'updated_at', 'due_at', 'priority', 'title'] as const
export type SortKey = (typeof SORT_KEYS)[number]

/**
 * One key; the id breaks ties in the same direction. Titles are in the order of their `titleKey`.
 * Tasks without a due date come last in both directions.
 */
export interface Sort {
  readonly key: SortKey
  readonly descending: boolean
}

/** Instants of an interval, half open: from ≤ x < before. */
export interface Interval {
  readonly from?: string
  readonly before?: string
}

/** All parts must hold. A task without a due date is in no due interval. */
export interface TaskFilter {
  /** Any of. */
  readonly status?: readonly TaskStatus[]
  /** Any of. */
  readonly priority?: readonly TaskPriority[]
  /** All of. */
  readonly labels?: readonly string[]
  readonly due?: Interval
  readonly created?: Interval
  readonly updated?: Interval
  readonly externalReferenceId?: string
  /** Each begins a word of the title or the description (`toWords`). */
  readonly words?: readonly string[]
}

export interface TaskQuery {
  readonly filter: TaskFilter
  readonly sort: Sort
}

/** A place in a sorted list: after the task with this sort value and id. */
export interface Position {
  readonly value: string | null
  readonly id: string
}

export const positionOf = (task: Task, sort: Sort): Position => ({
  value: task[sort.key],
  id: task.id,
})

/** An opaque cursor. It names its sort, so that it is not taken for a place in another order. */
export const toCursor = (position: Position, sort: Sort): string =>
  Buffer.from(JSON.stringify([sortName(sort), position.value, position.id])).toString('base64url')

/** The position that a cursor of this sort holds; undefined for anything else. */
export const fromCursor = (cursor: string, sort: Sort): Position | undefined => {
  const parts = parse(Buffer.from(cursor, 'base64url').toString())
  if (!Array.isArray(parts) || parts.length !== 3) return undefined
  const [name, value, id] = parts as unknown[]
  if (name !== sortName(sort) || typeof id !== 'string' || id === '') return undefined
  return isSortValue(value, sort.key) ? { value, id } : undefined
}

/** Cursors named `title` are of version 0.1.0: places in another order, by code point. */
const sortName = ({ key, descending }: Sort): string =>
  `${descending ? '-' : ''}${key === 'title' ? 'folded_title' : key}`

const isSortValue = (value: unknown, key: SortKey): value is string | null => {
  if (value === null) return key === 'due_at'
  if (typeof value !== 'string') return false
  if (key === 'title') return true
  return key === 'priority' ? ['low', 'medium', 'high'].includes(value) : toInstant(value) === value
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
