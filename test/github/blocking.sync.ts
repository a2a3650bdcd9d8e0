import { describe, expect, it } from 'vitest'
import type { Task } from '#src/core/task.ts'
import { validationFailed } from './local-github/answer.ts'
import { answerWith } from './local-github/faults.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'
import { becomes, becomesLinked, expectOneIssueEach, type SyncService, stands, startSync } from './synced-service.ts'

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
}

/** What waits for a person says what to do, and goes on once it is done. */
describe('what a person has to mend', () => {
  const ways: readonly (readonly [string, Record<string, string>, (service: SyncService, task: Task) => Promise<unknown>])[] = [
    ['by itself', {}, async () => undefined],
    ['by POST /github/jobs/retry', PROBED_LATE, (service) => service.send('POST', '/github/jobs/retry')],
    ['by POST /tasks/{id}/sync', PROBED_LATE, (service, { id }) => service.send('POST', `/tasks/${id}/sync`)],
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
    const before = await becomesLinked(service, await service.create({ title: 'before' }))
    begin(github)
    const task = await service.create({ title: 'meanwhile' })
    const error = { code, action: expect.stringMatching(action) }
    await becomes(service, task, { external_reference_id: null, sync: { status: 'blocked', next_attempt_at: null, error } })
    await stands(service, { blocked: error })
    mend(github)
    await resume(service, task)
    expectOneIssueEach(github, [before, await becomesLinked(service, task)])
    await stands(service, { blocked: null })
  })

  it('two things to mend, one after the other: mending both resumes everything', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    const before = await becomesLinked(service, await service.create({ title: 'before' }))
    github.revokeToken()
    const task = await service.create({ title: 'meanwhile' })
    await becomes(service, task, { sync: { status: 'blocked', error: { code: 'unauthorized' } } })
    github.disableIssues()
    github.restoreToken()
    await stands(service, { blocked: { code: 'issues_disabled' } })
    github.enableIssues()
    expectOneIssueEach(github, [before, await becomesLinked(service, task)])
  })

  it('a revoked token: another one resumes everything after a restart', async () => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    let service = await startSync(github, url)
    github.revokeToken()
    const task = await service.create({ title: 'meanwhile' })
    await becomes(service, task, { sync: { status: 'blocked', error: { code: 'unauthorized' } } })
    await service.end('SIGTERM')
    github.addToken('github_pat_next', github.login)
    service = await startSync(github, url, { ...PROBED_LATE, GITHUB_TOKEN: 'github_pat_next' })
    expectOneIssueEach(github, [await becomesLinked(service, task)])
  })

  const menders: readonly (readonly [string, (service: SyncService, task: Task) => Promise<unknown>])[] = [
    ['another text', (service, { id }) => service.send('PATCH', `/tasks/${id}`, { title: 'good' })],
    ['POST /tasks/{id}/sync', (service, { id }) => service.send('POST', `/tasks/${id}/sync`)],
    ['POST /github/jobs/retry', (service) => service.send('POST', '/github/jobs/retry', { reason: 'invalid' })],
  ]
  it.each(menders)('a text that GitHub refuses (422): blocked with the action, others go on; %s resumes it', async (_, mend) => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    github.fail(CREATE_ISSUE, answerWith(validationFailed([{ resource: 'Issue', code: 'invalid', field: 'title' }])))
    const task = await service.create({ title: 'bad' })
    const error = { code: 'invalid', action: expect.stringMatching(/Change the task/) }
    await becomes(service, task, { sync: { status: 'blocked', next_attempt_at: null, error } })
    const other = await becomesLinked(service, await service.create({ title: 'other' }))
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(2)
    await mend(service, task)
    expectOneIssueEach(github, [other, await becomesLinked(service, task)])
  })
})
