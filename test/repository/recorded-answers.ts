import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

/** What 0.1.0 left behind and what it answered from it: test/fixtures/0.1.0/README.md. */
export const readFixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/0.1.0/${name}`, import.meta.url), 'utf8')

/** A task as 0.1.0 answered it. */
export interface RecordedTask {
  readonly id: string
  readonly title: string
  readonly version: number
  readonly external_reference_id: string | null
  readonly sync: { readonly status: string; readonly issue_url: string | null } | null
}

/** An event as 0.1.0 answered it. */
export interface RecordedEvent {
  readonly sequence: number
  readonly type: string
  readonly task_id: string
  readonly actor: string
}

/** An issue as GitHub had it when 0.1.0 was killed. A deleted one is a number that is taken. */
export type RecordedIssue =
  | { readonly number: number; readonly isDeleted: true }
  | {
      readonly number: number
      readonly id: number
      readonly isDeleted?: never
      readonly author: string
      readonly title: string
      readonly body: string | null
      readonly labels: readonly string[]
      readonly state: 'open' | 'closed'
      readonly state_reason: 'completed' | 'not_planned' | null
      readonly created_at: string
      readonly updated_at: string
    }

/** The tasks by what they are there for. */
export type TaskName =
  | 'unicode'
  | 'keyed'
  | 'reopened'
  | 'batched'
  | 'linked'
  | 'conflict'
  | 'imported'
  | 'gone'
  | 'blocked'
  | 'dead'
  | 'dirty'
  | 'patching'
  | 'posting'
  | 'uncertain'
  | 'pending'
  | 'closing'
  | 'removed'

export interface Recorded {
  readonly ids: Readonly<Record<TaskName, string>>
  /** As `GET /tasks` answered them. */
  readonly tasks: readonly RecordedTask[]
  /** The ids of deleted tasks. */
  readonly deleted: readonly string[]
  /** The history of each task, deleted ones included, by id. */
  readonly events: Readonly<Record<string, readonly RecordedEvent[]>>
  /** The titles of lists, by their query. */
  readonly lists: Readonly<Record<string, readonly string[]>>
  /** The titles of paged lists, and the link to the second page if there was one. */
  readonly cursors: Readonly<
    Record<string, { readonly next?: string; readonly pages: readonly (readonly string[])[] }>
  >
  /** Answers to a second request with the same `Idempotency-Key`. */
  readonly replays: readonly {
    readonly path: string
    readonly key: string
    readonly body: object
    readonly status: number
    readonly answer: RecordedTask | RecordedBatch
  }[]
  readonly issues: readonly RecordedIssue[]
}

interface RecordedBatch {
  readonly results: readonly { readonly status: number; readonly task?: RecordedTask }[]
}

/** What this version answers for a task that 0.1.0 answered so. */
export const toExpectedTask = ({ sync, ...task }: RecordedTask): unknown => ({
  ...task,
  external_url: sync?.issue_url ?? null,
})

/** What this version answers for an event that 0.1.0 answered so, the nth of its task. */
export const toExpectedEvent = (event: RecordedEvent, index: number): unknown => {
  const [type, name = null] = event.actor.split(':')
  return {
    ...event,
    id: expect.stringMatching(/^[0-9a-f-]{14}8[0-9a-f-]{21}$/),
    resource: 'task',
    resource_id: event.task_id,
    version: index + 1,
    actor: { type, id: null, name },
    operation_id: null,
  }
}

/** The state of a task's issue, by the name that this version has for it; null without one. */
export const readSyncStatus = async (url: string, id: string): Promise<string | null> => {
  const response = await fetch(`${url}/tasks/${id}/sync`)
  if (response.status === 404) return null
  return ((await response.json()) as { readonly status: string }).status
}

/** 0.1.0 sorted titles by code point; now case and accents do not count. */
const TITLES_IN_ORDER = [
  'apple: given up after a day',
  'Banana: changed here',
  'Being changed at GitHub',
  'Created just before the kill',
  'Éclair recipe',
  'Größe prüfen — 日本語 🚀',
  'Imported from GitHub',
  'Its issue was deleted',
  'Its issue was opened without an answer',
  'Killed while its issue was being opened',
  'Quote "this" and C:\\temp',
  'Refused by GitHub',
  'Renew the certificate',
  'Write the short report',
  'zebra crossing',
]

/** The titles that this version lists where 0.1.0 listed these. */
export const toExpectedTitles = (query: string, titles: readonly string[]): readonly string[] => {
  const sort = new URLSearchParams(query).get('sort')
  if (sort !== 'title' && sort !== '-title') return titles
  expect(TITLES_IN_ORDER).toEqual(expect.arrayContaining([...titles]))
  const order = TITLES_IN_ORDER.filter((title) => titles.includes(title))
  return sort === 'title' ? order : order.reverse()
}

/** Without GitHub a retry gets the very first answer: no task had an issue then. */
const toFirstAnswer = (task: RecordedTask): unknown =>
  toExpectedTask(task.sync === null ? task : { ...task, external_reference_id: null, sync: null })

export const toExpectedReplay = (answer: RecordedTask | RecordedBatch): unknown =>
  'results' in answer
    ? {
        results: answer.results.map((result) =>
          result.task === undefined ? result : { ...result, task: toFirstAnswer(result.task) },
        ),
      }
    : toFirstAnswer(answer)
