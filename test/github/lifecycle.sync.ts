import { describe, expect, test } from 'vitest'
import { byGithub } from './sync-calls.ts'
import {
  eventually,
  LIST_ISSUES,
  PATCH_ISSUE,
  SWEEPING,
  type Synced,
  startSynced,
} from './synced-service.ts'

/** How the ends of tasks and of issues go together, by the real service over whatever database. */
describe('open and closed', () => {
  test('complete closes as completed, reopen reopens, delete closes as not planned', async () => {
    const { github, send, create, put, remove, issueShown, linked, list } = await startSynced()
    const { id } = await create({ title: 'a' })
    expect((await send('POST', `/tasks/${id}/complete`)).status).toBe(200)
    await issueShown(1, { state: 'closed', stateReason: 'completed' })
    await linked(id)
    await put(id, { status: 'pending' })
    await issueShown(1, { state: 'open', stateReason: 'reopened' })
    await linked(id)
    await remove(id)
    await issueShown(1, { state: 'closed', stateReason: 'not_planned' })
    expect(await list()).toEqual([])
    expect(github.requests.to(PATCH_ISSUE).map(({ body }) => body)).toEqual([
      { state: 'closed', state_reason: 'completed' },
      { state: 'open', state_reason: 'reopened' },
      { state: 'closed', state_reason: 'not_planned' },
    ])
  })

  test('deleting a completed task leaves its issue closed as completed, in one read and no write', async () => {
    const { github, create, put, remove, issueShown, linked, read } = await startSynced()
    const { id } = await create({ title: 'a' })
    await put(id, { status: 'completed' })
    await issueShown(1, { state: 'closed' })
    await linked(id)
    const before = github.requests.all().length
    await remove(id)
    await noJobs({ read })
    expect(
      github.requests
        .all()
        .slice(before)
        .filter(({ route }) => route !== LIST_ISSUES)
        .map(({ method }) => method),
    ).toEqual(['GET'])
    expect(github.issue(1)).toMatchObject({ state: 'closed', stateReason: 'completed' })
  })

  test('a task that is created completed has an issue that is closed as completed', async () => {
    const { create, issueShown, linked } = await startSynced()
    const { id } = await create({ title: 'done', status: 'completed', labels: ['x'] })
    await issueShown(1, { state: 'closed', stateReason: 'completed', labels: ['x'] })
    expect(await linked(id)).toMatchObject({ status: 'completed', version: 2 })
  })

  test('a task that is deleted before its issue could be opened has none', async () => {
    const { github, create, remove, read } = await startSynced({
      ...SWEEPING,
      GITHUB_CREATE_WAIT_MS: '0',
    })
    github.disableIssues()
    const { id } = await create({ title: 'a' })
    await eventually(async () =>
      expect(await read('/github/status')).toMatchObject({ jobs: { blocked: 1 } }),
    )
    await remove(id)
    github.enableIssues()
    await noJobs({ read })
    expect(github.issues()).toEqual([])
  })

  test('an issue closed for whatever reason completes its task, and reopened reopens it', async () => {
    const { github, create, deliver, shown, history } = await startSynced()
    for (const [index, reason] of (['completed', 'not_planned', 'duplicate'] as const).entries()) {
      const { id } = await create({ title: reason, priority: 'high' })
      github.deliveries.drop()
      github.as('alice').close(index + 1, reason)
      await deliver()
      expect((await shown(id, { status: 'completed' })).completed_at).toBeTruthy()
      expect(github.issue(index + 1)).toMatchObject({ state: 'closed', stateReason: reason })
      github.as('bob').reopen(index + 1)
      await deliver()
      expect(await shown(id, { status: 'pending', priority: 'high' })).toMatchObject({
        completed_at: null,
      })
      expect((await history(id)).map(({ type, actor }) => [type, actor]).slice(1)).toEqual([
        ['task.linked', byGithub()],
        ['task.completed', byGithub('alice')],
        ['task.reopened', byGithub('bob')],
      ])
    }
  })
})

const noJobs = ({ read }: Pick<Synced, 'read'>): Promise<void> =>
  eventually(async () => expect((await read<{ jobs: object }>('/github/status')).jobs).toEqual({}))
