import { isDeepStrictEqual } from 'node:util'
import type { Changes } from '#src/core/event.ts'
import type { Task } from '#src/task/task.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import type { Issue } from './local-github/records.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import type { HistoryEvent } from './sync-calls.ts'

/** What is found at GitHub and in the service once all is over. */
export interface CrashFigures {
  readonly tasks: number
  /** Issues that are open. */
  readonly open: number
  /** Tasks with more than one issue, those not counted that are closed as duplicates. */
  readonly duplicated: number
  /** Tasks without an open issue. */
  readonly lost: number
  /** Tasks that are linked to nothing, or to another issue than the one that was opened for them. */
  readonly misplaced: number
  /** Issues that do not show what their task says. */
  readonly different: number
  /** Tasks whose history does not lead to what they show. */
  readonly unexplained: number
  /** Issues that were closed as duplicates. */
  readonly twins: number
  /** Calls that would have opened an issue. */
  readonly creations: number
  readonly requests: number
  readonly faults: Readonly<Record<string, number>>
  /** Requests that GitHub does not describe. */
  readonly violations: readonly string[]
}

/** Whether each task has the one issue that was opened for it, and there is none beside. */
export const isWhole = (
  {
    open,
    duplicated,
    lost,
    misplaced,
    different,
    unexplained,
    violations,
    ...figures
  }: CrashFigures,
  tasks: number,
) =>
  figures.tasks === tasks &&
  open === tasks &&
  duplicated + lost + misplaced + different + unexplained + violations.length === 0

const TASK = /<!-- task-manager-api task=([0-9a-f-]{36}) /

/** A task with its history. */
export interface TaskHistory {
  readonly task: Task
  readonly events: readonly HistoryEvent[]
}

export const toFigures = (github: LocalGithub, histories: readonly TaskHistory[]): CrashFigures => {
  const tasks = histories.map(({ task }) => task)
  const issues = github.issues()
  const counted = issues.filter(({ stateReason }) => stateReason !== 'duplicate')
  const ofTask = groupBy(counted, ({ body }) => TASK.exec(body ?? '')?.[1])
  const count = (holds: (task: Task, own: typeof issues) => boolean): number =>
    tasks.filter((task) => holds(task, ofTask.get(task.id) ?? [])).length
  const requests = github.requests.all()
  return {
    tasks: tasks.length,
    open: issues.filter(({ state }) => state === 'open').length,
    duplicated: count((_, own) => own.length > 1),
    lost: count((_, own) => !own.some(({ state }) => state === 'open')),
    misplaced: count((task, own) => !own.some((issue) => isShown(task, issue))),
    different: count(({ title }, own) => !own.some((issue) => issue.title === title)),
    unexplained: histories.filter((history) => !isExplained(history)).length,
    twins: issues.length - counted.length,
    creations: github.requests.to(CREATE_ISSUE).length,
    requests: requests.length,
    faults: countBy(requests.flatMap(({ fault }) => fault ?? [])),
    violations: [...github.violations, ...github.slips],
  }
}

const isShown = (task: Task, { id, number }: Issue): boolean =>
  String(id) === task.external_reference_id &&
  task.external_url?.endsWith(`/issues/${number}`) === true

/** Whether each version has one event, and the last values that they name are those of the task. */
const isExplained = ({ task, events }: TaskHistory): boolean => {
  const values = Object.assign({}, ...events.map(({ changes }) => changes)) as Changes
  return (
    task.version === events.length &&
    events.every(({ version }, index) => version === index + 1) &&
    isDeepStrictEqual(
      Object.entries(values).map(([name, { after }]) => [name, after]),
      Object.keys(values).map((name) => [name, task[name as keyof Task]]),
    )
  )
}

const groupBy = <T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

const countBy = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...groupBy(names, (name) => name)].map(([name, group]) => [name, group.length]),
  )
