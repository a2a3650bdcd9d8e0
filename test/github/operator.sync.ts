import { describe, expect, test } from 'vitest'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import { validationFailed } from './local-github/answer.ts'
import { answerWith, meanwhile } from './local-github/faults.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { createCalls } from './sync-calls.ts'
import { openDatabase } from './sync-database.ts'
import { eventually, PATCH_ISSUE, SWEEPING, type Synced, startSynced } from './synced-service.ts'

const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const UNKNOWN_ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

/** What an operator sees and can do, by the real service over whatever database. */
describe('the operator', () => {
  test('sees how the sync stands, in GET /github/status and in the metrics', async () => {
    const synced = await startSynced(SWEEPING)
    const { github, create, read, deliver } = synced
    expect(await read('/github/status')).toEqual({
      repository: 'acme/tasks',
      blocked: null,
      budget: { limit: 5000, remaining: expect.any(Number), resets_at: INSTANT },
      paused_until: null,
      pause_reason: null,
      next_issue_at: null,
      jobs: {},
      last_sweep_at: INSTANT,
      last_delivery_at: null,
      clock_offset_ms: 0,
      warnings: [],
    })
    expect(await metricsOf(synced)).toMatchObject({
      'jobs{state="linked"}': 0,
      blocked: 0,
      paused_timestamp_seconds: 0,
    })
    expect(await metricsOf(synced)).toMatchObject({ clock_offset_seconds: 0 })
    expect((await metricsOf(synced)).requests_remaining).toBeGreaterThan(0)
    expect(await metricsOf(synced)).toMatchObject({ last_delivery_timestamp_seconds: 0 })

    await create({ title: 'a' })
    await deliver()
    github.disableIssues()
    await create({ title: 'b' })
    await eventually(async () =>
      expect(await read('/github/status')).toMatchObject({
        blocked: {
          code: 'issues_disabled',
          detail: expect.any(String),
          action: expect.any(String),
        },
        jobs: { linked: 1, blocked: 1 },
        last_delivery_at: INSTANT,
      }),
    )
    const metrics = await metricsOf(synced)
    expect(metrics).toMatchObject({
      'jobs{state="linked"}': 1,
      'jobs{state="blocked"}': 1,
      blocked: 1,
    })
    expect(metrics.last_delivery_timestamp_seconds).toBeGreaterThan(Date.now() / 1000 - 60)
    expect(metrics.last_sweep_timestamp_seconds).toBeGreaterThan(Date.now() / 1000 - 60)
  })

  test('sees until when a limit holds, and never the token', async () => {
    const synced = await startSynced({ GITHUB_CREATES_PER_MINUTE: '1' })
    const { github, create, read, put, sync, url } = synced
    const { id } = await create({ title: 'a' })
    const late = await create({ title: 'has to wait' })
    expect(late.external_reference_id).toBeNull()
    const held = await sync(late.id)
    expect(held).toMatchObject({ status: 'pending', next_attempt_at: INSTANT })
    expect(await read('/github/status')).toMatchObject({
      next_issue_at: held.next_attempt_at,
      paused_until: null,
    })
    github.limits.slowDown({ seconds: 30 })
    await put(id, { title: 'b' })
    await eventually(async () =>
      expect(await read('/github/status')).toMatchObject({
        paused_until: INSTANT,
        pause_reason: 'secondary',
        blocked: null,
      }),
    )
    expect((await metricsOf(synced)).paused_timestamp_seconds).toBeGreaterThan(Date.now() / 1000)
    for (const path of ['/github/status', '/github/jobs?state=pending', '/tasks', '/metrics'])
      expect(await (await fetch(url + path)).text()).not.toContain(github.token)
  })

  test('lists the tasks of a state, page by page', async () => {
    const { create, read, sync, send } = await startSynced()
    const tasks = [
      await create({ title: 'a' }),
      await create({ title: 'b' }),
      await create({ title: 'c' }),
    ]
    const jobs = await Promise.all(
      tasks.map(async ({ id }) => ({ task_id: id, sync: await sync(id) })),
    )
    expect(await read('/github/jobs?state=linked')).toEqual(jobs)
    expect(await read('/github/jobs?state=linked&limit=2')).toEqual(jobs.slice(0, 2))
    expect(await read(`/github/jobs?state=linked&limit=2&after=${jobs[1]?.task_id}`)).toEqual(
      jobs.slice(2),
    )
    expect(await read('/github/jobs?state=failed')).toEqual([])
    for (const query of [
      '',
      '?state=',
      '?state=bad',
      '?state=linked&limit=0',
      '?state=linked&limit=1001',
      '?state=linked&x=1',
    ])
      expect([query, (await send('GET', `/github/jobs${query}`)).status]).toEqual([query, 422])
  })

  test('tries again what waits for a person: one task, those of a reason, all', async () => {
    const { github, create, put, sync, shown, linked, send, read } = await startSynced()
    const tasks = [
      await create({ title: 'a' }),
      await create({ title: 'b' }),
      await create({ title: 'c' }),
      await create({ title: 'd' }),
    ]
    const [first, second, third, gone] = tasks.map(({ id }) => id) as [
      string,
      string,
      string,
      string,
    ]
    const refusal = answerWith(
      validationFailed([{ resource: 'Issue', code: 'invalid', field: 'title' }]),
    )
    github.fail(PATCH_ISSUE, refusal, { times: 3 })
    for (const id of [first, second, third]) await put(id, { title: 'refused once' })
    github.as('alice').delete(4)
    await put(gone, { title: 'gone' })
    await eventually(async () =>
      expect(await read('/github/status')).toMatchObject({
        jobs: { blocked: 3, issue_missing: 1 },
      }),
    )
    expect(await read('/github/jobs?state=blocked')).toMatchObject([
      { sync: { error: { code: 'invalid' } } },
      {},
      {},
    ])

    const statusOf = async (path: string, body?: unknown) => (await send('POST', path, body)).status
    expect(await statusOf(`/tasks/${first}/sync`)).toBe(202)
    await shown(first, { sync: { error: null } })
    const retry = async (body?: unknown) => (await send('POST', '/github/jobs/retry', body)).json()
    expect(await retry({ reason: 'unauthorized' })).toEqual({ count: 0 })
    expect(await retry({ reason: 'invalid' })).toEqual({ count: 2 })
    await linked(third)
    expect(await retry()).toEqual({ count: 1 })
    await eventually(async () =>
      expect(await sync(gone)).toMatchObject({
        status: 'issue_missing',
        error: { code: 'issue_deleted' },
      }),
    )
    expect([await retry({}), await retry(null)]).toEqual([{ count: 1 }, expect.anything()])

    expect(await statusOf(`/tasks/${first}/sync`, {})).toBe(202)
    expect([
      await statusOf(`/tasks/${UNKNOWN_ID}/sync`),
      await statusOf('/tasks/nonsense/sync'),
    ]).toEqual([404, 404])
    expect([
      await statusOf(`/tasks/${first}/sync`, { x: 1 }),
      await statusOf('/github/jobs/retry', { reason: 1 }),
    ]).toEqual([422, 422])
    expect([
      await statusOf('/github/link', { dry_run: 'yes' }),
      await statusOf('/github/link', { x: 1 }),
    ]).toEqual([422, 422])
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(4)
  })

  test('asked many times at once for one task without an issue, opens one issue and refuses nobody', async () => {
    const url = await openDatabase()
    const before = await startProcess({ DATABASE_URL: url, SHUTDOWN_DRAIN_MS: '0' }, createFolder())
    const { id } = await createCalls(before.url).create({ title: 'without an issue' })
    await before.end('SIGTERM')
    const { github, syncNow, shown, sweeps } = await startSynced({
      ...SWEEPING,
      DATABASE_URL: url,
    })
    await Promise.all(Array.from({ length: 20 }, () => syncNow(id)))
    await shown(id, { sync: { issue_number: 1 } })
    await sweeps(2)
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(1)
  })

  test('links the tasks from before: counted with dry_run, each pushed once only, and one alone when asked', async () => {
    const url = await openDatabase()
    const before = await startProcess({ DATABASE_URL: url, SHUTDOWN_DRAIN_MS: '0' }, createFolder())
    const { create } = createCalls(before.url)
    const old = [
      await create({ title: 'open', labels: ['x'], external_reference_id: 'theirs' }),
      await create({ title: 'done', status: 'completed' }),
      await create({ title: 'asked for' }),
    ]
    await before.end('SIGTERM')

    const synced = await startSynced({ ...SWEEPING, DATABASE_URL: url })
    const { github, send, get, put, sync, syncNow, linked, shown, issueShown, sweeps } = synced
    const [first, done, asked] = old.map(({ id }) => id) as [string, string, string]
    const link = async (body?: unknown) =>
      (await (await send('POST', '/github/link', body)).json()) as { count: number }
    await put(first, { title: 'still without' })
    expect(await link({ dry_run: true })).toEqual({ count: 3 })
    await sweeps(2)
    expect(github.requests.writes()).toEqual([])
    expect(await get(first)).toMatchObject({ external_reference_id: 'theirs', version: 2 })
    for (const { id } of old) {
      const answer = await send('GET', `/tasks/${id}/sync`)
      expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'not_linked' }])
    }

    await syncNow(asked)
    await shown(asked, { sync: { issue_number: 1 } })
    expect(await link({ dry_run: true })).toEqual({ count: 2 })
    github.fail(
      CREATE_ISSUE,
      meanwhile(() => link()),
    )
    const counts = await Promise.all([link(), link({ dry_run: false })])
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(2)
    const [firstLinked, doneLinked] = [await linked(first), await linked(done)]
    expect(firstLinked).toMatchObject({ title: 'still without', version: 3 })
    expect(doneLinked).toMatchObject({ status: 'completed', version: 2 })
    const opened = await issueShown(Number((await sync(first)).issue_number), {
      title: 'still without',
      state: 'open',
      labels: ['x'],
    })
    await issueShown(Number((await sync(done)).issue_number), {
      title: 'done',
      state: 'closed',
      stateReason: 'completed',
    })
    expect(await get(first)).toMatchObject({ external_reference_id: String(opened.id) })
    expect(await link()).toEqual({ count: 0 })
    expect([github.issues().length, (await synced.list()).length]).toEqual([3, 3])
  })
})

/** The values of the sync's metrics, by their name without `github_sync_`. */
const metricsOf = async ({ send }: Pick<Synced, 'send'>): Promise<Record<string, number>> => {
  const text = await (await send('GET', '/metrics')).text()
  return Object.fromEntries(
    [...text.matchAll(/^github_sync_(\S+) (\S+)$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  )
}
