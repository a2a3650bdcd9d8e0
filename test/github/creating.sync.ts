import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { forbidden, validationFailed } from './local-github/answer.ts'
import {
  answerWith,
  errorAfterCommit,
  errorBeforeCommit,
  type Fault,
  hang,
  lateCommit,
  resetAfterCommit,
  secondaryLimit,
} from './local-github/faults.ts'
import { type LocalGithub, openLocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'
import { SHORT_LEASE } from './sync-env.ts'
import {
  eventually,
  expectOneIssueEach,
  PATCH_ISSUE,
  type SyncService,
  startSync,
  sweptOnce,
  timed,
  waitForStatus,
  waitForTask,
  waitUntilLinked,
} from './synced-service.ts'

/** What may befall the opening of an issue: in the end there is one, and its task knows it. */
describe('a new task and its issue', () => {
  it('answers with the issue when GitHub is quick', async () => {
    const github = await startLocalGithub({ hugeIds: true })
    const service = await startSync(github, await openDatabase(), {
      GITHUB_CREATE_WAIT_MS: '10000',
    })
    const task = await service.create({
      title: 'quick',
      description: 'text',
      priority: 'high',
      labels: ['home'],
    })
    const issue = github.issue(1)
    expect(BigInt(issue?.id ?? 0)).toBeGreaterThan(2n ** 53n)
    expect(task.external_reference_id).toBe(String(issue?.id))
    expect(task.external_url).toMatch(/\/acme\/tasks\/issues\/1$/)
    expect(await service.sync(task.id)).toMatchObject({
      status: 'linked',
      issue_number: 1,
      issue_url: task.external_url,
    })
    expect(issue).toMatchObject({ title: 'quick', state: 'open' })
    expect(issue?.labels.map(({ name }) => name).sort()).toEqual(['home', 'priority:high'])
    expect(await service.get(task.id)).toEqual(task)
  })

  it('answers within the wait when GitHub hangs, and at once without a wait', async () => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    const hanging = github.fail('*', hang(), { times: 1000 })
    let service = await startSync(github, url, { ...SHORT_LEASE, GITHUB_CREATE_WAIT_MS: '300' })
    const slow = await timed(service.create({ title: 'slow' }))
    expect(slow.task.external_reference_id).toBeNull()
    expect(slow.took).toBeLessThan(3000)
    await service.end('SIGKILL')
    service = await startSync(github, url)
    const quick = await timed(service.create({ title: 'quick' }))
    expect(quick.task.external_reference_id).toBeNull()
    expect(quick.took).toBeLessThan(1000)
    expect(await service.sync(quick.task.id)).toMatchObject({ status: 'pending' })
    hanging.stop()
    await waitUntilLinked(service, quick.task)
  })

  it('GitHub is down at the create: 201 and pending, linked later', async () => {
    const github = await startLocalGithub()
    const failing = github.fail('*', errorBeforeCommit(503), { times: 1000 })
    const service = await startSync(github, await openDatabase(), { GITHUB_CREATE_WAIT_MS: '200' })
    const task = await service.create({ title: 'meanwhile' })
    expect(task.external_reference_id).toBeNull()
    expect(await service.sync(task.id)).toMatchObject({ status: 'pending', issue_number: null })
    failing.stop()
    expectOneIssueEach(github, [await waitUntilLinked(service, task)])
  })

  it('nobody listens at GitHub at the create: pending and never uncertain, linked later, across a restart', async () => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    const closed = await openLocalGithub()
    await closed.close()
    const nobody = { GITHUB_API_URL: closed.url, GITHUB_CREATE_WAIT_MS: '200' }
    let service = await startSync(github, url)
    const first = await waitUntilLinked(service, await service.create({ title: 'before' }))
    await service.end('SIGTERM')
    service = await startSync(github, url, nobody)
    const task = await service.create({ title: 'meanwhile' })
    expect(task.external_reference_id).toBeNull()
    expect(await service.sync(task.id)).toMatchObject({ status: 'pending' })
    await waitForTask(service, task, {
      sync: { status: 'pending', error: { code: 'unavailable' } },
    })
    await service.end('SIGTERM')
    service = await startSync(github, url)
    expectOneIssueEach(github, [first, await waitUntilLinked(service, task)])
  })

  const afterwards: readonly (readonly [string, Fault])[] = [
    ['a reset after the commit: one issue, adopted', resetAfterCommit],
    ['a 502 after the commit: one issue', errorAfterCommit(502)],
    ['a timeout and a late commit: one issue', lateCommit(500)],
  ]
  it.each(afterwards)('%s', async (_, fault) => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), {
      GITHUB_LOOKUP_DELAYS_MS: '50,400,2500',
      GITHUB_REQUEST_TIMEOUT_MS: '400',
    })
    await waitUntilLinked(service, await service.create({ title: 'the way is known' }))
    const rule = github.fail(CREATE_ISSUE, fault)
    const task = await service.create({ title: 'once', status: 'completed' })
    const known = await waitUntilLinked(service, task)
    expect([rule.hits(), github.requests.to(CREATE_ISSUE).length]).toEqual([1, 2])
    expect(known).toMatchObject({
      status: 'completed',
      version: 2,
      external_reference_id: String(github.issue(2)?.id),
    })
    expect(github.issue(2)).toMatchObject({ state: 'closed', stateReason: 'completed' })
    expect(github.issues()).toHaveLength(2)
  })

  it('a reset after the commit: adopted at the first look, though its list fails once', async () => {
    const github = await startLocalGithub()
    const slow = { GITHUB_SWEEP_INTERVAL_MS: '600000', GITHUB_RETRY_BASE_MS: '600000' }
    const service = await startSync(github, await openDatabase(), slow)
    await sweptOnce(github)
    github.fail(CREATE_ISSUE, resetAfterCommit)
    github.fail('GET /repos/{owner}/{repo}/issues', errorBeforeCommit(502))
    expectOneIssueEach(github, [
      await waitUntilLinked(service, await service.create({ title: 'once' })),
    ])
  })

  it('a commit later than every look: the twin is closed as a duplicate', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), {
      GITHUB_REQUEST_TIMEOUT_MS: '100',
    })
    github.fail(CREATE_ISSUE, commitAfterNext(github))
    const task = await service.create({ title: 'twice' })
    await eventually(() => expect(github.issue(2)?.stateReason).toBe('duplicate'))
    expectOneIssueEach(github, [
      await waitForTask(service, task, { sync: { status: 'linked', issue_number: 1 } }),
    ])
  })

  it('a twin that may not be closed just now: blocked with the action, closed once it may', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), {
      GITHUB_REQUEST_TIMEOUT_MS: '100',
    })
    github.fail(CREATE_ISSUE, commitAfterNext(github))
    const refused = github.fail(PATCH_ISSUE, answerWith(forbidden('no')), { times: 1000 })
    const task = await service.create({ title: 'twice' })
    await waitForStatus(service, { blocked: { code: 'forbidden' } })
    refused.stop()
    await eventually(() => expect(github.issue(2)?.stateReason).toBe('duplicate'))
    await waitForStatus(service, { blocked: null })
    expectOneIssueEach(github, [
      await waitForTask(service, task, { sync: { status: 'linked', issue_number: 1 } }),
    ])
  })

  it('a twin on a server that knows no duplicates: closed as not planned', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), {
      GITHUB_REQUEST_TIMEOUT_MS: '100',
    })
    github.fail(CREATE_ISSUE, commitAfterNext(github))
    const unknown = validationFailed([
      { resource: 'Issue', code: 'invalid', field: 'state_reason' },
    ])
    const isDuplicate = () =>
      JSON.stringify(github.requests.all().at(-1)?.body).includes('duplicate')
    const old: Fault = {
      name: 'no duplicates',
      happen: (incident) => incident.send(isDuplicate() ? unknown : incident.commit()),
    }
    github.fail(PATCH_ISSUE, old, { times: 1000 })
    const task = await service.create({ title: 'twice' })
    await eventually(() =>
      expect(github.issue(2)).toMatchObject({ state: 'closed', stateReason: 'not_planned' }),
    )
    await waitForTask(service, task, { sync: { status: 'linked', issue_number: 1 } })
  })

  /** What the process dies of while its POST is under way. */
  const killers: readonly (readonly [string, (service: SyncService) => Fault['happen']])[] = [
    [
      'before POST',
      (service) => async (incident) => {
        await killed(service)
        incident.reset()
      },
    ],
    [
      'after POST',
      (service) => async (incident) => {
        incident.commit()
        await killed(service)
        incident.reset()
      },
    ],
    [
      'before saving',
      (service) => async (incident) => {
        service.child.kill('SIGSTOP')
        incident.send(incident.commit())
        await incident.wait(50)
        await killed(service)
      },
    ],
    [
      'while saving',
      (service) => async (incident) => {
        incident.send(incident.commit())
        await incident.wait(2)
        await killed(service)
      },
    ],
  ]
  it.each(killers)('kill -9 %s: one issue', async (_, killer) => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    let service = await startSync(github, url, SHORT_LEASE)
    github.fail(CREATE_ISSUE, { name: 'kill', happen: (incident) => killer(service)(incident) })
    const [task] = await Promise.all([
      service.create({ title: 'once' }),
      once(service.child, 'exit'),
    ])
    service = await startSync(github, url)
    expectOneIssueEach(github, [await waitUntilLinked(service, task)])
    expect(github.issues()).toHaveLength(1)
  })

  it('lists that lag beyond every look: the twin is closed as a duplicate of the lowest number, no edit is lost', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    github.lag({ lists: 2500 })
    github.fail(CREATE_ISSUE, resetAfterCommit)
    const task = await service.create({ title: 'first' })
    await eventually(() => expect(github.issues()).toHaveLength(1))
    await service.send('PATCH', `/tasks/${task.id}`, { title: 'second' })
    await waitForTask(service, task, { sync: { status: 'linked', issue_number: 2 } })
    await eventually(() => expect(github.issue(2)?.stateReason).toBe('duplicate'))
    const settled = await waitForTask(service, task, {
      title: 'second',
      sync: { status: 'linked', issue_number: 1 },
    })
    expect(github.issue(1)).toMatchObject({ title: 'second', state: 'open' })
    expectOneIssueEach(github, [settled])
  })

  it('an issue that shows up late and that a person has labelled: the label comes, and the edit made since stays', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    github.lag({ lists: 60_000 })
    github.fail(CREATE_ISSUE, resetAfterCommit)
    const again = github.fail(CREATE_ISSUE, errorBeforeCommit(503), { times: 1000 })
    const task = await service.create({ title: 'first' })
    await eventually(() => expect(github.issues()).toHaveLength(1))
    await service.send('PATCH', `/tasks/${task.id}`, { title: 'second' })
    await eventually(() =>
      expect(again.hits() > 0 && Date.now() > Number(github.issue(1)?.createdAt) + 1000).toBe(true),
    )
    github.as('alice').label(1, 'hers')
    github.lag({})
    const settled = await waitForTask(service, task, {
      title: 'second',
      labels: ['hers'],
      sync: { status: 'linked', issue_number: 1 },
    })
    expect(github.issue(1)?.title).toBe('second')
    expectOneIssueEach(github, [settled])
  })
})

describe.runIf(process.env.TEST_DATABASE !== 'mongodb')(
  'a database from before the issues were opened',
  () => {
    it('opens none of them again', async () => {
      const github = await startLocalGithub()
      const [url, before] = [await openDatabase(), await openDatabase()]
      let service = await startSync(github, url)
      github.fail(CREATE_ISSUE, secondaryLimit({ seconds: 2 }))
      const tasks = await Promise.all(['a', 'b', 'c'].map((title) => service.create({ title })))
      await waitForStatus(service, { pause_reason: 'secondary' })
      await service.end('SIGTERM')
      copyFileSync(fileOf(url), fileOf(before))
      service = await startSync(github, url)
      for (const task of tasks) await waitUntilLinked(service, task)
      await service.end('SIGTERM')
      service = await startSync(github, before)
      const settled: Task[] = []
      for (const task of tasks) settled.push(await waitUntilLinked(service, task))
      expectOneIssueEach(github, settled)
      expect(github.issues()).toHaveLength(3)
    })
  },
)

/** Creates the issue once the service, which found none, has created another one. */
const commitAfterNext = (github: LocalGithub): Fault => ({
  name: 'commitAfterNext',
  async happen({ commit, wait }) {
    while (github.issues().length === 0) await wait(20)
    commit()
  },
})

const fileOf = (url: string): string => url.replace(/^sqlite:(\/\/)?/, '')

const killed = async ({ child }: SyncService): Promise<void> => {
  child.kill('SIGKILL')
  await once(child, 'exit')
}
