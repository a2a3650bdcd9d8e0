import { describe, expect, it } from 'vitest'
import type { TaskSync } from '#src/github/issue/task-sync.ts'
import type { Task } from '#src/task/task.ts'
import { forbidden, validationFailed } from './local-github/answer.ts'
import { answerWith, type Fault } from './local-github/faults.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'
import {
  eventually,
  expectOneIssueEach,
  PATCH_ISSUE,
  type SyncService,
  startSync,
  waitForStatus,
  waitForTask,
  waitUntilLinked,
} from './synced-service.ts'

const PROBED_LATE = { GITHUB_SWEEP_INTERVAL_MS: '60000' }

interface Trouble {
  readonly code: string
  readonly action: RegExp
  readonly begin: (github: LocalGithub) => void
  readonly mend: (github: LocalGithub) => void
}

/** What keeps everything from GitHub until a person mends it. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'revoked token': {
    code: 'unauthorized',
    action: /GITHUB_TOKEN/,
    begin: (github) => github.revokeToken(),
    mend: (github) => github.restoreToken(),
  },
  'issues disabled, POST 410': {
    code: 'issues_disabled',
    action: /Switch on issues in the repository's settings/,
    begin: (github) => github.disableIssues(),
    mend: (github) => github.enableIssues(),
  },
  'token without access': {
    code: 'repository_not_found',
    action: /access/,
    begin: (github) => github.setRights('none'),
    mend: (github) => github.setRights('push'),
  },
  'token without the right to write': {
    code: 'forbidden',
    action: /read and write/,
    begin: (github) => github.setRights('read'),
    mend: (github) => github.setRights('push'),
  },
  'archived repository': {
    code: 'repository_archived',
    action: /^Unarchive the repository/,
    begin: (github) => github.archive(),
    mend: (github) => github.unarchive(),
  },
}

interface Job {
  readonly task_id: string
  readonly sync: TaskSync
}

/** How often it was looked whether the repository can be reached. */
const probesOf = (github: LocalGithub): number => github.requests.to('GET /user').length

const stateOf = (service: SyncService) =>
  service.read<{ jobs: Record<string, number>; blocked: object | null }>('/github/status')

/** What waits for a person says what to do, and goes on once it is done. */
describe('what a person has to mend', () => {
  const ways: readonly (readonly [
    string,
    Record<string, string>,
    (service: SyncService, task: Task) => Promise<unknown>,
  ])[] = [
    ['by itself', {}, async () => undefined],
    [
      'by POST /github/jobs/retry',
      PROBED_LATE,
      (service) => service.send('POST', '/github/jobs/retry'),
    ],
    [
      'by POST /tasks/{id}/sync',
      PROBED_LATE,
      (service, { id }) => service.send('POST', `/tasks/${id}/sync`),
    ],
  ]
  const cases = Object.entries(TROUBLES).flatMap(([name, trouble], index) => {
    const [way, env, resume] = ways[index % ways.length] as (typeof ways)[0]
    const others = index < 2 ? ways : [[way, env, resume] as const]
    return others.map(([way, env, resume]) => ({ name, trouble, way, env, resume }))
  })
  it.each(cases)(
    '$name: blocked with the action; mended, it goes on $way',
    async ({ trouble, env, resume }) => {
      const { code, action, begin, mend } = trouble
      const github = await startLocalGithub()
      const service = await startSync(github, await openDatabase(), env)
      const before = await waitUntilLinked(service, await service.create({ title: 'before' }))
      begin(github)
      const task = await service.create({ title: 'meanwhile' })
      const error = { code, action: expect.stringMatching(action) }
      await waitForTask(service, task, {
        external_reference_id: null,
        sync: { status: 'blocked', next_attempt_at: null, error },
      })
      await waitForStatus(service, { blocked: error })
      mend(github)
      await resume(service, task)
      expectOneIssueEach(github, [before, await waitUntilLinked(service, task)])
      await waitForStatus(service, { blocked: null })
    },
  )

  it('archived repository: edits, labels and deletions wait for it too, and go on by themselves', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const tasks = ['edited', 'labelled', 'deleted'].map((title) => service.create({ title }))
    const [edited, labelled, deleted] = await Promise.all(
      tasks.map(async (task) => waitUntilLinked(service, await task)),
    )
    github.archive()
    await service.put(String(labelled?.id), { labels: ['x'], priority: 'high' })
    await service.remove(String(deleted?.id))
    await service.put(String(edited?.id), { title: 'edited again' })
    await waitForStatus(service, { jobs: { blocked: 3 }, blocked: { code: 'repository_archived' } })
    for (const { task_id, sync } of await service.read<Job[]>('/github/jobs?state=blocked'))
      expect([task_id, sync.error?.code]).toEqual([task_id, 'repository_archived'])
    github.unarchive()
    const shown = () =>
      github
        .issues()
        .map(({ title, state, labels }) => [title, state, ...labels.map(({ name }) => name).sort()])
    await eventually(() =>
      expect(shown().sort()).toEqual([
        ['deleted', 'closed'],
        ['edited again', 'open'],
        ['labelled', 'open', 'priority:high', 'x'],
      ]),
    )
    await eventually(async () => {
      const { jobs, blocked } = await stateOf(service)
      expect({ jobs, blocked }).toEqual({ jobs: { linked: 2 }, blocked: null })
    })
  })

  it('archived repository: a service that starts then says so, and unarchived, it opens the issues', async () => {
    const github = await startLocalGithub()
    github.archive()
    const service = await startSync(github, await openDatabase())
    const task = await service.create({ title: 'meanwhile' })
    await waitForTask(service, task, {
      sync: { status: 'blocked', error: { code: 'repository_archived' } },
    })
    await waitForStatus(service, { blocked: { code: 'repository_archived' } })
    github.setRights('read')
    github.unarchive()
    await waitForStatus(service, { blocked: { code: 'forbidden' } })
    github.setRights('push')
    expectOneIssueEach(github, [await waitUntilLinked(service, task)])
  })

  it('two things to mend, one after the other: mending both resumes everything', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const before = await waitUntilLinked(service, await service.create({ title: 'before' }))
    github.revokeToken()
    const task = await service.create({ title: 'meanwhile' })
    await waitForTask(service, task, {
      sync: { status: 'blocked', error: { code: 'unauthorized' } },
    })
    github.disableIssues()
    github.restoreToken()
    await waitForStatus(service, { blocked: { code: 'issues_disabled' } })
    github.enableIssues()
    expectOneIssueEach(github, [before, await waitUntilLinked(service, task)])
  })

  it('a revoked token: another one resumes everything after a restart', async () => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    let service = await startSync(github, url)
    github.revokeToken()
    const task = await service.create({ title: 'meanwhile' })
    await waitForTask(service, task, {
      sync: { status: 'blocked', error: { code: 'unauthorized' } },
    })
    await service.end('SIGTERM')
    github.addToken('github_pat_next', github.login)
    service = await startSync(github, url, { ...PROBED_LATE, GITHUB_TOKEN: 'github_pat_next' })
    expectOneIssueEach(github, [await waitUntilLinked(service, task)])
  })

  it('token without the right to write: one job alone is tried until it is mended, and nothing says otherwise', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const before = await waitUntilLinked(service, await service.create({ title: 'before' }))
    github.setRights('read')
    const tasks = await Promise.all(['a', 'b', 'c', 'd'].map((title) => service.create({ title })))
    await waitForStatus(service, { jobs: { linked: 1, blocked: 4 } })
    const [writes, probes] = [github.requests.writes().length, probesOf(github)]
    while (probesOf(github) < probes + 8) {
      const { jobs, blocked } = await stateOf(service)
      expect(blocked).toMatchObject({ code: 'forbidden' })
      expect(jobs.blocked).toBeGreaterThanOrEqual(3)
    }
    expect(github.requests.writes().length - writes).toBeLessThanOrEqual(
      probesOf(github) - probes + 1,
    )
    github.setRights('push')
    for (const [index, task] of tasks.entries()) tasks[index] = await waitUntilLinked(service, task)
    expectOneIssueEach(github, [before, ...tasks])
    await waitForStatus(service, { blocked: null })
  })

  it('one issue alone that may not be written to: it waits, and all others go on', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const [locked, other] = [
      await service.create({ title: 'locked' }),
      await service.create({ title: 'other' }),
    ]
    await waitUntilLinked(service, other)
    await waitUntilLinked(service, locked)
    const { issue_number } = await service.sync(locked.id)
    const path = new RegExp(`/issues/${issue_number}$`)
    const refused: Fault = {
      name: 'refused',
      happen({ send }) {
        if (path.test(github.requests.all().at(-1)?.path ?? '')) send(forbidden('no'))
      },
    }
    const rule = github.fail(PATCH_ISSUE, refused, { times: 1000 })
    for (const task of [locked, other])
      await service.send('PATCH', `/tasks/${task.id}`, { title: `${task.title} anew` })
    await waitForTask(service, other, { title: 'other anew', sync: { status: 'linked' } })
    await waitForTask(service, locked, {
      sync: { status: 'blocked', error: { code: 'forbidden' } },
    })
    await waitForStatus(service, { blocked: null })
    await waitUntilLinked(service, await service.create({ title: 'later' }))
    expect(await service.sync(locked.id)).toMatchObject({ status: 'blocked' })
    rule.stop()
    await service.send('POST', `/tasks/${locked.id}/sync`)
    await waitUntilLinked(service, locked)
    expect(github.issue(issue_number ?? 0)?.title).toBe('locked anew')
  })

  const menders: readonly (readonly [
    string,
    (service: SyncService, task: Task) => Promise<unknown>,
  ])[] = [
    ['another text', (service, { id }) => service.send('PATCH', `/tasks/${id}`, { title: 'good' })],
    ['POST /tasks/{id}/sync', (service, { id }) => service.send('POST', `/tasks/${id}/sync`)],
    [
      'POST /github/jobs/retry',
      (service) => service.send('POST', '/github/jobs/retry', { reason: 'invalid' }),
    ],
  ]
  it.each(menders)(
    'a text that GitHub refuses (422): blocked with the action, others go on; %s resumes it',
    async (_, mend) => {
      const github = await startLocalGithub()
      const service = await startSync(github, await openDatabase())
      github.fail(
        CREATE_ISSUE,
        answerWith(validationFailed([{ resource: 'Issue', code: 'invalid', field: 'title' }])),
      )
      const task = await service.create({ title: 'bad' })
      const error = { code: 'invalid', action: expect.stringMatching(/Change the task/) }
      await waitForTask(service, task, {
        sync: { status: 'blocked', next_attempt_at: null, error },
      })
      const other = await waitUntilLinked(service, await service.create({ title: 'other' }))
      expect(github.requests.to(CREATE_ISSUE)).toHaveLength(2)
      await mend(service, task)
      expectOneIssueEach(github, [other, await waitUntilLinked(service, task)])
    },
  )
})
