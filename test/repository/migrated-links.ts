import { expect, test } from 'vitest'
import type { LocalGithub } from '../github/local-github/local-github.ts'
import { eventually, PATCH_ISSUE, type SyncService, startSync } from '../github/synced-service.ts'
import {
  type Recorded,
  type RecordedIssue,
  type RecordedTask,
  readSyncStatus,
  type TaskName,
  toExpectedTask,
} from './recorded-answers.ts'
import { startRecordedGithub } from './recorded-github.ts'

const CREATE_ISSUE = 'POST /repos/{owner}/{repo}/issues'

/** How the issues of tasks stand, by the names of the tasks; null without one. */
type Statuses = Partial<Record<TaskName, string | null>>

/** After a start beside the GitHub that 0.1.0 knew. */
const AFTER_START: Statuses = {
  unicode: null,
  keyed: null,
  reopened: null,
  batched: 'linked',
  pending: 'linked',
  linked: 'linked',
  conflict: 'linked',
  imported: 'linked',
  posting: 'linked',
  uncertain: 'linked',
  dirty: 'linked',
  patching: 'linked',
  gone: 'issue_missing',
  blocked: 'blocked',
  dead: 'failed',
}

/** The GitHub sync of the real service over data of 0.1.0, beside a GitHub as 0.1.0 knew it. */
export const testMigratedLinks = (load: () => Promise<string>, recorded: Recorded): void => {
  test('each task gets or keeps its one issue', async () => {
    const github = await startRecordedGithub(recorded.issues)
    const env = { GITHUB_IMPORT: 'label:task', GITHUB_CONFLICT: 'task' }
    const service = await startSync(github, await load(), env)
    await becomeStatuses(service, recorded.ids, AFTER_START)
    await expectIssues(github, service, recorded)
    await expectDelivery(service, recorded)
    await expectRetries(github, service, recorded)
    expect(github.duplicates().size).toBe(0)
    expect(await service.list()).toHaveLength(recorded.tasks.length)
  })
}

const expectIssues = async (
  github: LocalGithub,
  service: SyncService,
  { ids, tasks, issues }: Recorded,
): Promise<void> => {
  const issueOf = async (name: TaskName) => findIssue(github, await service.get(ids[name]))
  const taskOf = (name: TaskName) => tasks.find(({ id }) => id === ids[name]) as RecordedTask
  expect(await issueOf('dirty')).toMatchObject({
    number: numberOf(issues, 'Banana: changed while GitHub was down'),
    title: 'Banana: changed here',
    labels: ['priority:high', 'q3'],
  })
  expect(await issueOf('patching')).toMatchObject({
    number: numberOf(issues, 'Being changed'),
    title: 'Being changed at GitHub',
  })
  expect(await issueOf('uncertain')).toMatchObject({
    number: numberOf(issues, 'Its issue was opened without an answer'),
  })
  for (const name of ['batched', 'posting', 'pending'] as const)
    expect(await issueOf(name)).toMatchObject({ title: taskOf(name).title, state: 'open' })
  expect(github.requests.to(CREATE_ISSUE)).toHaveLength(3)
  await eventually(() =>
    expect(github.issue(numberOf(issues, 'Removed, its issue still open'))).toMatchObject({
      state: 'closed',
      stateReason: 'not_planned',
    }),
  )
  expect(github.requests.to(PATCH_ISSUE)).toHaveLength(3)
  for (const name of ['conflict', 'imported', 'gone', 'keyed'] as const)
    expect(await service.get(ids[name])).toEqual(toExpectedTask(taskOf(name)))
}

/** The webhook delivery that 0.1.0 had received and not processed. */
const expectDelivery = (service: SyncService, { ids }: Recorded): Promise<void> =>
  eventually(async () => {
    expect((await service.get(ids.linked)).labels).toEqual(['ops', 'seen by bob'])
    const [last] = (await service.history(ids.linked)).slice(-1)
    expect(last).toMatchObject({
      type: 'task.updated',
      actor: { type: 'github', id: null, name: 'bob' },
    })
  })

const expectRetries = async (
  github: LocalGithub,
  service: SyncService,
  { ids }: Recorded,
): Promise<void> => {
  for (const id of [ids.blocked, ids.dead])
    expect((await service.send('POST', `/tasks/${id}/sync`)).status).toBe(202)
  await becomeStatuses(service, ids, { blocked: 'linked', dead: 'linked' })
  const issue = findIssue(github, await service.get(ids.dead))
  expect(issue?.body).toContain('GitHub did not see this text.')
  expect(github.requests.to(CREATE_ISSUE)).toHaveLength(4)
}

const becomeStatuses = ({ url }: SyncService, ids: Recorded['ids'], expected: Statuses) =>
  eventually(async () => {
    const names = Object.keys(expected) as TaskName[]
    const read = async (name: TaskName) => [name, await readSyncStatus(url, ids[name])] as const
    expect(Object.fromEntries(await Promise.all(names.map(read)))).toEqual(expected)
  })

const findIssue = (github: LocalGithub, task: Pick<RecordedTask, 'external_reference_id'>) => {
  const issue = github.issues().find(({ id }) => String(id) === task.external_reference_id)
  return issue && { ...issue, labels: issue.labels.map(({ name }) => name).sort() }
}

/** The number of the issue that had this title. */
const numberOf = (issues: readonly RecordedIssue[], title: string): number => {
  const found = issues.find((issue) => !issue.isDeleted && issue.title === title)
  if (found === undefined) throw new Error(`no issue has the title ${title}`)
  return found.number
}
