import { codePoints, isStorable } from '../../core/text.ts'
import { MAX_LABEL, MAX_LABELS, type TaskPriority, type TaskStatus } from '../../task/task.ts'
import type { SyncedFields } from './issue-link.ts'

const IN_PROGRESS = 'status:in_progress'
const HIGH = 'priority:high'
const LOW = 'priority:low'
const MANAGED: ReadonlySet<string> = new Set([IN_PROGRESS, HIGH, LOW])

/**
 * A label as GitHub can name it: on one line, no spaces around. '' when there is nothing to name.
 */
const nameOf = (label: string): string => label.replaceAll(/\p{Cc}+/gu, ' ').trim()

/** What makes two labels the same at GitHub: case does not count. */
export const normalizeLabel = (label: string): string => nameOf(label).toLowerCase()
export const normalizedSet = (labels: readonly string[]): Set<string> =>
  new Set(labels.map(normalizeLabel))

/** Whether all that are wanted are among those that GitHub shows. */
export const hasAll = (shown: readonly string[], wanted: readonly string[]): boolean => {
  const keys = normalizedSet(shown)
  return wanted.every((label) => keys.has(normalizeLabel(label)))
}

/** Whether a label, in any case, stands for a status or a priority. */
export const isManaged = (label: string): boolean => MANAGED.has(normalizeLabel(label))

/** Whether GitHub cannot have such a label, so that its absence there means nothing. */
export const isUnrepresentable = (label: string): boolean => normalizeLabel(label) === ''

/** Labels with one of each key: the first. */
const distinct = (labels: readonly string[]): string[] => {
  const byKey = new Map<string, string>()
  for (const label of labels)
    if (!byKey.has(normalizeLabel(label))) byKey.set(normalizeLabel(label), label)
  return [...byKey.values()]
}

/**
 * The labels of a task's issue. A free label with the name of a managed one is left out, in any
 * case: only their own fields set status and priority.
 */
export const toIssueLabels = ({ status, priority, labels }: SyncedFields): string[] => {
  const managed = [
    ...(status === 'in_progress' ? [IN_PROGRESS] : []),
    ...(priority === 'medium' ? [] : [`priority:${priority}`]),
  ]
  const free = labels.filter((label) => !isManaged(label) && !isUnrepresentable(label))
  return [...managed, ...distinct(free.map(nameOf))]
}

export const statusOf = (isOpen: boolean, labels: readonly string[]): TaskStatus => {
  if (!isOpen) return 'completed'
  return normalizedSet(labels).has(IN_PROGRESS) ? 'in_progress' : 'pending'
}

/** Of two priorities the high one counts. */
export const priorityOf = (labels: readonly string[]): TaskPriority => {
  const keys = normalizedSet(labels)
  if (keys.has(HIGH)) return 'high'
  return keys.has(LOW) ? 'low' : 'medium'
}

const fits = (label: string): boolean =>
  label !== '' && isStorable(label) && codePoints(label) <= MAX_LABEL

/**
 * The free labels of an issue as a task holds them: first those already known, in their order and
 * spelling (one that GitHub has no name for stays), then new ones, 20 at most. One that a task
 * can't hold stays at GitHub alone: cut, it would come back there as another.
 */
export const fromIssueLabels = (labels: readonly string[], known: readonly string[]): string[] => {
  const there = normalizedSet(labels)
  const kept = known.filter(
    (label) => !isManaged(label) && (isUnrepresentable(label) || there.has(normalizeLabel(label))),
  )
  const keptKeys = normalizedSet(kept)
  const fresh = distinct(labels).filter(
    (label) => !keptKeys.has(normalizeLabel(label)) && !isManaged(label) && fits(label),
  )
  return [...kept, ...fresh].slice(0, MAX_LABELS)
}
