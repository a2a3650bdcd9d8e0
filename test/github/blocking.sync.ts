import { describe, expect, it } from 'vitest'
import type { Task } from '#src/core/task.ts'
import type { RunningProcess } from '../start-process.ts'
import { forbidden, validationFailed } from './local-github/answer.ts'
import { answerWith, type Fault } from './local-github/faults.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'
import {
  ask,
  becomes,
  becomesLinked,
  create,
  eventually,
  expectOneIssueEach,
  get,
  stands,
  startSync,
  syncState,
} from './sync-service.ts'
import { PATCH_ISSUE } from './synced-service.ts'

const PROBED_LATE = { GITHUB_SWEEP_INTERVAL_MS: '60000' }

interface Trouble {
  readonly code: string
  readonly action: RegExp
  readonly begin: (github: LocalGithub) => void
  readonly mend: (github: LocalGithub) => void
}

/** What keeps everything from GitHub until a person mends it. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  '20: revoked token': {
    code: 'unauthorized',
    action: /GITHUB_TOKEN/,
    begin: (github) => github.revokeToken(),
    mend: (github) => github.restoreToken(),
  },
  '19: issues disabled, POST 410': {
    code: 'issues_disabled',
    action: /Switch on issues/,
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
}

/** How often it was looked whether the repository can be reached. */
const probesOf = (github: LocalGithub): number => github.requests.to('GET /user').length

const jobsOf = async (service: RunningProcess) =>
  (await ask<{ jobs: Record<string, number> }>(service, 'GET', '/github/status')).body.jobs

/** What waits for a person says what to do, and goes on once it is done. */
describe('what a person has to mend', () => {
  const ways: readonly (readonly [string, Record<string, string>, (service: RunningProcess, task: Task) => Promise<unknown>])[] =
    [
      ['by itself', {}, async () => undefined],
      ['by POST /github/jobs/retry', PROBED_LATE, (service) => ask(service, 'POST', '/github/jobs/retry')],
      ['by POST /tasks/{id}/sync', PROBED_LATE, (service, { id }) => ask(service, 'POST', `/tasks/${id}/sync`)],
    ]
  const cases = Object.entries(TROUBLES).flatMap(([name, trouble], index) => {
    const [way, env, resume] = ways[index % ways.length] as (typeof ways)[0]
    const others = index < 2 ? ways : [[way, env, resume] as const]
    return others.map(([way, env, resume]) => ({ name, trouble, way, env, resume }))
  })
  it.each(cases)('$name: blocked with the action; mended, it goes on $way', async ({ trouble, env, resume }) => {
    const { code, action, begin, mend } = trouble
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), env)
    const before = await becomesLinked(service, await create(service, 'before'))
    begin(github)
    const task = await create(service, 'meanwhile')
    const error = { code, action: expect.stringMatching(action) }
    await becomes(service, task, { external_reference_id: null, sync: { status: 'blocked', next_attempt_at: null, error } })
    await stands(service, { blocked: error })
    mend(github)
    await resume(service, task)
    expectOneIssueEach(github, [before, await becomesLinked(service, task)])
    await stands(service, { blocked: null })
  })

  it('20: two things to mend, one after the other: mending both resumes everything', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const before = await becomesLinked(service, await create(service, 'before'))
    github.revokeToken()
    const task = await create(service, 'meanwhile')
    await becomes(service, task, { sync: { status: 'blocked', error: { code: 'unauthorized' } } })
    github.disableIssues()
    github.restoreToken()
    await stands(service, { blocked: { code: 'issues_disabled' } })
    github.enableIssues()
    expectOneIssueEach(github, [before, await becomesLinked(service, task)])
  })

  it('20: revoked token: another one resumes everything after a restart', async () => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    let service = await startSync(github, url)
    github.revokeToken()
    const task = await create(service, 'meanwhile')
    await becomes(service, task, { sync: { status: 'blocked', error: { code: 'unauthorized' } } })
    await service.end('SIGTERM')
    github.addToken('github_pat_next', github.login)
    service = await startSync(github, url, { ...PROBED_LATE, GITHUB_TOKEN: 'github_pat_next' })
    expectOneIssueEach(github, [await becomesLinked(service, task)])
  })

  it('token without the right to write: one job alone is tried until it is mended, and nothing says otherwise', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const before = await becomesLinked(service, await create(service, 'before'))
    github.setRights('read')
    const tasks = await Promise.all(['a', 'b', 'c', 'd'].map((title) => create(service, title)))
    await eventually(() => jobsOf(service), { linked: 1, blocked: 4 })
    const [writes, probes] = [github.requests.writes().length, probesOf(github)]
    while (probesOf(github) < probes + 8) {
      expect(await syncState(service)).toMatchObject({ blocked: { code: 'forbidden' } })
      expect((await jobsOf(service)).blocked).toBeGreaterThanOrEqual(3)
    }
    expect(github.requests.writes().length - writes).toBeLessThanOrEqual(probesOf(github) - probes + 1)
    github.setRights('push')
    for (const [index, task] of tasks.entries()) tasks[index] = await becomesLinked(service, task)
    expectOneIssueEach(github, [before, ...tasks])
    await stands(service, { blocked: null })
  })

  it('one issue alone that may not be written to: it waits, and all others go on', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const [locked, other] = [await create(service, 'locked'), await create(service, 'other')]
    await becomesLinked(service, other)
    const { sync } = await becomesLinked(service, locked)
    const path = new RegExp(`/issues/${sync?.issue_number}$`)
    const refused: Fault = {
      name: 'refused',
      happen({ send }) {
        if (path.test(github.requests.all().at(-1)?.path ?? '')) send(forbidden('no'))
      },
    }
    const rule = github.fail(PATCH_ISSUE, refused, { times: 1000 })
    for (const task of [locked, other]) await ask(service, 'PATCH', `/tasks/${task.id}`, { title: `${task.title} anew` })
    await becomes(service, other, { title: 'other anew', sync: { status: 'linked' } })
    await becomes(service, locked, { sync: { status: 'blocked', error: { code: 'forbidden' } } })
    await stands(service, { blocked: null })
    await becomesLinked(service, await create(service, 'later'))
    expect(await get(service, locked)).toMatchObject({ sync: { status: 'blocked' } })
    rule.stop()
    await ask(service, 'POST', `/tasks/${locked.id}/sync`)
    await becomesLinked(service, locked)
    expect(github.issue(sync?.issue_number ?? 0)?.title).toBe('locked anew')
  })

  const menders: readonly (readonly [string, (service: RunningProcess, task: Task) => Promise<unknown>])[] = [
    ['another text', (service, { id }) => ask(service, 'PATCH', `/tasks/${id}`, { title: 'good' })],
    ['POST /tasks/{id}/sync', (service, { id }) => ask(service, 'POST', `/tasks/${id}/sync`)],
    ['POST /github/jobs/retry', (service) => ask(service, 'POST', '/github/jobs/retry', { reason: 'invalid' })],
  ]
  it.each(menders)('20: 422: blocked with the action, others go on; %s resumes it', async (_, mend) => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    github.fail(CREATE_ISSUE, answerWith(validationFailed([{ resource: 'Issue', code: 'invalid', field: 'title' }])))
    const task = await create(service, 'bad')
    const error = { code: 'invalid', action: expect.stringMatching(/Change the task/) }
    await becomes(service, task, { sync: { status: 'blocked', next_attempt_at: null, error } })
    const other = await becomesLinked(service, await create(service, 'other'))
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(2)
    await mend(service, task)
    expectOneIssueEach(github, [other, await becomesLinked(service, task)])
  })
})
