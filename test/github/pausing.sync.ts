import { describe, expect, it } from 'vitest'
import { type Fault, primaryLimit, secondaryLimit } from './local-github/faults.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'
import { SHORT_LEASE } from './sync-env.ts'
import {
  eventually,
  expectOneIssueEach,
  type SyncService,
  startSync,
  timed,
  waitForStatus,
  waitForTask,
  waitUntilLinked,
} from './synced-service.ts'

/** What a limit does: not one more call with that credential before its end. */
describe("a limit of GitHub's", () => {
  const limits: readonly (readonly [string, Fault, string])[] = [
    ['a secondary limit', secondaryLimit({ seconds: 2, status: 429 }), 'secondary'],
    ['a primary limit', primaryLimit({ seconds: 1 }), 'primary'],
  ]
  it.each(limits)(
    '%s and a kill -9: no call before its end, no failure of the task',
    async (_, limit, reason) => {
      const github = await startLocalGithub()
      const url = await openDatabase()
      let service = await startSync(github, url, SHORT_LEASE)
      const before = await waitUntilLinked(service, await service.create({ title: 'before' }))
      github.fail(CREATE_ISSUE, limit)
      const task = await service.create({ title: 'meanwhile' })
      const { paused_until } = await waitForStatus(service, {
        paused_until: expect.any(String),
        pause_reason: reason,
      })
      await waitForTask(service, task, { sync: { status: 'pending', error: null } })
      await service.end('SIGKILL')
      service = await startSync(github, url)
      await service.send('PATCH', `/tasks/${before.id}`, { title: 'changed' })
      await service.send('POST', `/tasks/${task.id}/sync`)
      await service.send('POST', '/github/jobs/retry')
      expectOneIssueEach(github, [
        await waitUntilLinked(service, before),
        await waitUntilLinked(service, task),
      ])
      expect(github.issue(1)?.title).toBe('changed')
      expectSilence(github, Date.parse(String(paused_until)))
    },
  )

  it('a secondary limit that names no end: a minute', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    github.fail(CREATE_ISSUE, secondaryLimit({ retryAfter: false }))
    await service.create({ title: 'meanwhile' })
    const began = Date.now()
    const { paused_until } = await waitForStatus(service, {
      paused_until: expect.any(String),
      pause_reason: 'secondary',
    })
    expect(Date.parse(String(paused_until)) - began).toBeGreaterThan(55_000)
    expect(Date.parse(String(paused_until)) - Date.now()).toBeLessThan(61_000)
  })

  it('a secondary limit: that credential pauses, another one goes on', async () => {
    const github = await startLocalGithub()
    github.addToken('github_pat_other', 'other-bot')
    const url = await openDatabase()
    let service = await startSync(github, url)
    github.fail(CREATE_ISSUE, secondaryLimit({ seconds: 600 }))
    const task = await service.create({ title: 'meanwhile' })
    await waitForStatus(service, { pause_reason: 'secondary' })
    await service.end('SIGTERM')
    service = await startSync(github, url, { GITHUB_TOKEN: 'github_pat_other' })
    expectOneIssueEach(github, [await waitUntilLinked(service, task)])
    expect(github.requests.all().filter(({ refused }) => refused !== undefined)).toHaveLength(1)
  })

  it('a create does not wait for an issue that no one opens before its end', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), { GITHUB_CREATE_WAIT_MS: '5000' })
    github.fail(CREATE_ISSUE, secondaryLimit({ seconds: 600 }))
    const [first, second] = [await createTimed(service), await createTimed(service)]
    expect(Math.max(first.took, second.took)).toBeLessThan(2000)
    expect(second.task.external_reference_id).toBeNull()
    expect(await service.sync(second.task.id)).toMatchObject({ status: 'pending', error: null })
    await service.send('PATCH', `/tasks/${first.task.id}`, { title: 'changed' })
    expect((await createTimed(service)).took).toBeLessThan(2000)
  })

  it('of many creates at once only those wait whose issues can be opened meanwhile', async () => {
    const github = await startLocalGithub()
    const env = { GITHUB_CREATE_WAIT_MS: '3000', GITHUB_WRITE_INTERVAL_MS: '1000' }
    const service = await startSync(github, await openDatabase(), env)
    const answers = await Promise.all(Array.from({ length: 40 }, () => createTimed(service)))
    expect(answers.filter(({ took }) => took > 1500).length).toBeLessThanOrEqual(4)
    expect(answers.some(({ task }) => task.external_reference_id !== null)).toBe(true)
  })

  it('a new task that is edited or deleted while it waits for its turn costs one of the issues a minute, or none', async () => {
    const github = await startLocalGithub()
    const env = { GITHUB_CREATES_PER_MINUTE: '3', GITHUB_WRITE_INTERVAL_MS: '1000' }
    const service = await startSync(github, await openDatabase(), env)
    const first = await service.create({ title: 'first' })
    await eventually(() => expect(github.issues()).toHaveLength(1))
    const [edited, deleted] = [
      await service.create({ title: 'edited' }),
      await service.create({ title: 'deleted' }),
    ]
    await service.send('PATCH', `/tasks/${edited.id}`, { title: 'edited since' })
    await waitUntilLinked(service, edited)
    await service.send('DELETE', `/tasks/${deleted.id}`)
    const last = await service.create({ title: 'last' })
    expectOneIssueEach(github, [
      await service.get(first.id),
      await waitUntilLinked(service, edited),
      await waitUntilLinked(service, last),
    ])
    expect(github.requests.writes().map(({ body }) => (body as { title: string }).title)).toEqual([
      'first',
      'edited since',
      'last',
    ])
  })

  it('opens so many issues a minute and writes so far apart as it is told, across a restart', async () => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    const env = { ...SHORT_LEASE, GITHUB_CREATES_PER_MINUTE: '2', GITHUB_WRITE_INTERVAL_MS: '300' }
    let service = await startSync(github, url, env)
    const tasks = [
      await service.create({ title: 'first' }),
      await service.create({ title: 'second' }),
      await service.create({ title: 'third' }),
    ]
    for (const task of tasks.slice(0, 2)) await waitUntilLinked(service, task)
    await service.end('SIGKILL')
    service = await startSync(github, url, env)
    const [, , third] = tasks
    await service.send('PATCH', `/tasks/${tasks[0]?.id}`, { title: 'changed' })
    await waitUntilLinked(service, tasks[0] as (typeof tasks)[0])
    const held = await service.sync((third as (typeof tasks)[0]).id)
    expect(held).toMatchObject({ status: 'pending', error: null })
    expect(Date.parse(String(held.next_attempt_at))).toBeGreaterThan(Date.now() + 30_000)
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(2)
    expect(github.requests.writesAtOnce()).toBe(1)
    expect(Math.min(...github.requests.gapsBetweenWrites())).toBeGreaterThanOrEqual(299)
  })
})

const createTimed = (service: SyncService) => timed(service.create({ title: 'meanwhile' }))

/** One call was refused for the limit; none came after it before the end. */
const expectSilence = (github: LocalGithub, until: number): void => {
  const all = github.requests.all()
  const refused = all.findIndex((request) => request.refused !== undefined)
  expect(refused).toBeGreaterThan(0)
  expect(all.slice(refused + 1).length).toBeGreaterThan(0)
  expect(all.slice(refused + 1).filter(({ at }) => at < until)).toEqual([])
  expect(all.filter((request) => request.refused !== undefined)).toHaveLength(1)
}
