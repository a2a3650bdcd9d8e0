import { MAX_LABELS, type TaskStatus } from '../../task/task.ts'
import { isManaged, isUnrepresentable, normalizedSet, normalizeLabel } from './issue-labels.ts'
import type { SyncedFields } from './issue-link.ts'
import { matchesText, matchesTitle } from './issue-text.ts'

export type Side = 'task' | 'issue'

/** A value that lost against the other side's. */
export interface Lost {
  readonly field: keyof SyncedFields
  /** Whose value it was. */
  readonly side: Side
  readonly value: unknown
  readonly kept: unknown
}

export interface Merged {
  /** What the task is to have, and the issue is to show. */
  readonly fields: SyncedFields
  /**
   * What both sides have in common once that is done: `fields`, save for what GitHub does not take
   * from us.
   */
  readonly base: SyncedFields
  readonly lost: readonly Lost[]
}

export interface MergeOptions {
  /**
   * GitHub drops our labels for lack of rights: labels, priority and in_progress stay the task's
   * and are not compared.
   */
  readonly ignoreLabels?: boolean
}

/**
 * One state out of two that come from the same base, field by field: where one side changed, it
 * wins; where both did, the preferred one. Labels are merged one by one (see mergeLabels).
 */
export const merge = (
  base: SyncedFields,
  task: SyncedFields,
  issue: SyncedFields,
  preferred: Side,
  { ignoreLabels = false }: MergeOptions = {},
): Merged => {
  const lost: Lost[] = []
  const pick = <F extends 'title' | 'description' | 'status' | 'priority'>(
    field: F,
  ): SyncedFields[F] => {
    if (issue[field] === base[field] || isSame(field, task[field], issue[field])) return task[field]
    if (task[field] === base[field]) return issue[field]
    const [kept, value] =
      preferred === 'task' ? [task[field], issue[field]] : [issue[field], task[field]]
    lost.push({ field, side: preferred === 'task' ? 'issue' : 'task', value, kept })
    return kept
  }

  const text = { title: pick('title'), description: pick('description') }
  if (!ignoreLabels) {
    const labels = mergeLabels(base.labels, task.labels, issue.labels)
    const fields = { ...text, status: pick('status'), priority: pick('priority'), labels }
    return { fields, base: fields, lost }
  }
  const isCompleted = mergeCompleted(base, task, issue)
  const withStatusOf = (side: SyncedFields): SyncedFields => ({
    ...side,
    ...text,
    status: statusWith(isCompleted, side.status),
  })
  return { fields: withStatusOf(task), base: withStatusOf(base), lost }
}

/**
 * Whether both sides say the same, though an issue may say it with a cut end or other ends of
 * lines.
 */
const isSame = (field: keyof SyncedFields, task: string, issue: string): boolean => {
  if (field === 'title') return matchesTitle(task, issue)
  return field === 'description' ? matchesText(task, issue) : task === issue
}

/**
 * Open or closed are two values, so of two that differ one is the base's and the other is the
 * change.
 */
const mergeCompleted = (
  ...[base, task, issue]: [SyncedFields, SyncedFields, SyncedFields]
): boolean => {
  const isTaskCompleted = task.status === 'completed'
  return isTaskCompleted === (base.status === 'completed')
    ? issue.status === 'completed'
    : isTaskCompleted
}

const statusWith = (isCompleted: boolean, status: TaskStatus): TaskStatus => {
  if (isCompleted) return 'completed'
  return status === 'completed' ? 'pending' : status
}

/**
 * Labels as sets against the base, whatever their case. What one side removed goes, what one side
 * added comes, and a label that the base never had is never removed. The task's come first, in
 * their order and spelling; a new one of the issue that finds no room among 20 stays at GitHub
 * alone. A free label that is named like a managed one goes: it can't be told at GitHub.
 */
const mergeLabels = (
  base: readonly string[],
  task: readonly string[],
  issue: readonly string[],
): readonly string[] => {
  const [baseKeys, taskKeys, issueKeys] = [
    normalizedSet(base),
    normalizedSet(task),
    normalizedSet(issue),
  ]
  const isRemovedThere = (label: string): boolean =>
    !isUnrepresentable(label) &&
    baseKeys.has(normalizeLabel(label)) &&
    !issueKeys.has(normalizeLabel(label))
  const isNewThere = (label: string): boolean =>
    !baseKeys.has(normalizeLabel(label)) && !taskKeys.has(normalizeLabel(label))
  const kept = task.filter((label) => !isManaged(label) && !isRemovedThere(label))
  const added = issue.filter((label) => !isManaged(label) && isNewThere(label))
  return [...kept, ...added].slice(0, MAX_LABELS)
}
