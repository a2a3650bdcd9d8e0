import type { Entity } from '../../core/entity.ts'
import { createLink, type IssueLink } from '../../github/issue/issue-link.ts'
import type { TaskSync } from '../../github/issue/task-sync.ts'
import type { Database } from './binding.ts'
import { SYNC_SQL } from './sync-sql.ts'

/** The links of tasks to their issues, read and written inside the transaction of the commit that they belong to. */
export const createLinkRecords = (db: Database) => {
  const find = db.prepare(SYNC_SQL.link)
  const replace = db.prepare(`
    INSERT INTO github_links (task_id, status, next_attempt_at, issue_id, json) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (task_id) DO UPDATE SET
      status = excluded.status, next_attempt_at = excluded.next_attempt_at, issue_id = excluded.issue_id, json = excluded.json`)
  const remove = db.prepare('DELETE FROM github_links WHERE task_id = ?')

  return {
    get: (taskId: string): IssueLink | undefined =>
      toLink((find.get(taskId) as { json: string } | undefined)?.json),

    put(link: IssueLink): void {
      replace.run(
        link.taskId,
        link.status,
        link.nextAttemptAt,
        link.issue?.id ?? null,
        toText(link),
      )
    },

    remove(taskId: string): void {
      remove.run(taskId)
    },
  }
}

/** Of a new link hardly anything is written, and a field that came later is as in a new link. */
const UNSAID = createLink('', 0)
const FIELDS = Object.keys(UNSAID) as (keyof IssueLink)[]

const toText = (link: IssueLink): string => {
  const said: Partial<Record<keyof IssueLink, unknown>> = {}
  for (const name of FIELDS) if (link[name] !== UNSAID[name]) said[name] = link[name]
  return JSON.stringify(said)
}

/** What a task tells of its link, beside the fields that are as in every new link. */
const TOLD: readonly (keyof IssueLink)[] = ['taskId', 'nextAttemptAt']

/** Whether a new task tells all of its link, so that nothing of it need be written beside the task. */
export const isTold = (link: IssueLink): boolean =>
  link.nextAttemptAt !== null &&
  FIELDS.every((name) => TOLD.includes(name) || link[name] === UNSAID[name])

/** The link that a task alone tells of. Once there is one in `github_links`, that one counts. */
export const toldLink = (task: Entity): IssueLink | undefined => {
  const sync = task['sync'] as TaskSync | null
  return sync?.status === 'pending' && sync.next_attempt_at !== null
    ? createLink(task.id, Date.parse(sync.next_attempt_at))
    : undefined
}

export const toLink = (json: string | null | undefined): IssueLink | undefined =>
  json == null ? undefined : { ...UNSAID, ...(JSON.parse(json) as IssueLink) }
