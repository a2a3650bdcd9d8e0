import { describe, expect, test } from 'vitest'
import type { TaskSync } from '#src/github/issue/task-sync.ts'
import type { Task } from '#src/task/task.ts'
import { meanwhile } from './local-github/faults.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { eventually, GET_ISSUE, PATCH_ISSUE, type Synced, startSynced } from './synced-service.ts'

/** Sweeps so often that its day, after which it looks for what vanished, is over in a few seconds. */
const SWEEPING_DAILY = { GITHUB_SWEEP_INTERVAL_MS: '10' }

const TRANSFERRED = { status: 'issue_missing', error: { code: 'issue_transferred' } }
const DELETED = { status: 'issue_missing', error: { code: 'issue_deleted' } }

/** What becomes of issues and repositories that are renamed, moved or deleted, by the real service over whatever database. */
describe('moved and deleted', () => {
  test('a repository that is renamed (307) is followed under its new name: one issue each', async () => {
    const { github, create, put, sync, issueShown, linked, read, restart } = await startSynced()
    const { id } = await create({ title: 'a' })
    github.rename('chores')
    /** Whoever takes the former name gets nothing of ours. */
    const other = await create({ title: 'opened under the new name' })
    expect(await sync(other.id)).toMatchObject({ status: 'linked', issue_number: 2 })
    await put(id, { title: 'b' })
    await issueShown(1, { title: 'b' })
    await linked(id)
    expect(redirected(github)).toHaveLength(1)
    expect(await read('/github/status')).toMatchObject({ repository: 'acme/chores' })
    const successor = github.addRepository('acme/tasks')
    const again = await restart()
    await again.put(id, { title: 'c' })
    await issueShown(1, { title: 'c' })
    const last = await again.create({ title: 'after a restart' })
    expect(await again.sync(last.id)).toMatchObject({ status: 'linked', issue_number: 3 })
    expect(redirected(github)).toHaveLength(1)
    expect([github.issues().length, github.duplicates().size, successor.issues().length]).toEqual([
      3, 0, 0,
    ])
  })

  test('a repository that goes to another owner while an issue is written to: written there, once', async () => {
    const { github, create, put, issueShown, linked } = await startSynced()
    const { id } = await create({ title: 'a' })
    github.fail(
      GET_ISSUE,
      meanwhile(() => github.transfer('umbrella')),
    )
    await put(id, { title: 'b' })
    await issueShown(1, { title: 'b' })
    await linked(id)
    expect(github.requests.to(PATCH_ISSUE).map(({ path }) => path)).toEqual([
      '/repos/umbrella/tasks/issues/1',
    ])
  })

  test('an issue that is moved to another repository (301) is shown as moved, and never written to blindly', async () => {
    const { github, create, put, deliver, get, sync, remove, read } = await startSynced()
    const other = github.addRepository('acme/other')
    const tasks = [
      await create({ title: 'edited' }),
      await create({ title: 'told of' }),
      await create({ title: 'in between' }),
    ]
    const [edited, toldOf, inBetween] = tasks.map(({ id }) => id) as [string, string, string]
    github.deliveries.drop()

    github.as('alice').transfer(1, 'acme/other')
    github.deliveries.drop()
    await put(edited, { title: 'b' })
    const shown = await eventually(async () => expectSync(await sync(edited), TRANSFERRED))
    expect(shown.error?.detail).toContain('/issues/1')

    github.as('alice').transfer(2, 'acme/other')
    await deliver()
    await eventually(async () => expectSync(await sync(toldOf), TRANSFERRED))

    github.fail(
      PATCH_ISSUE,
      meanwhile(() => github.as('alice').transfer(3, 'acme/other')),
    )
    await put(inBetween, { title: 'b' })
    await eventually(async () => expectSync(await sync(inBetween), TRANSFERRED))

    await put(edited, { title: 'c', status: 'completed' })
    await remove(toldOf)
    await eventually(async () => expect(await jobs({ read }, 'issue_missing')).toHaveLength(2))
    expect(other.issues().map(({ title, state }) => ({ title, state }))).toEqual(
      tasks.map(({ title }) => ({ title, state: 'open' })),
    )
    expect(github.issues()).toEqual([])
    /** The task of an issue that is gone still shows which one it was. */
    const { external_reference_id, external_url } = tasks[0] as Task
    expect(await get(edited)).toMatchObject({ title: 'c', external_reference_id, external_url })
    expectSync(await sync(edited), TRANSFERRED)
  })

  test('an issue that is moved away and back is linked again', async () => {
    const { github, create, put, sync, deliver, shown, issueShown } = await startSynced()
    const other = github.addRepository('acme/other')
    const { id } = await create({ title: 'a' })
    const away = github.as('alice').transfer(1, 'acme/other')
    await deliver()
    await put(id, { description: 'written meanwhile' })
    const back = other.as('alice').transfer(away.number, github.fullName())
    await deliver()
    const task = await shown(id, { title: 'a', external_reference_id: String(back.id) })
    expect(task.external_url).toMatch(new RegExp(`/issues/${back.number}$`))
    expect((await sync(id)).issue_number).toBe(back.number)
    await issueShown(back.number, {
      state: 'open',
      body: expect.stringContaining('written meanwhile'),
    })
  })

  test('an issue that is deleted without a webhook: the sweep shows issue_missing, and it is not opened again', async () => {
    const { github, create, put, get, sync, remove, read, sweeps } =
      await startSynced(SWEEPING_DAILY)
    const { id, external_reference_id } = await create({ title: 'a' })
    const kept = await create({ title: 'kept' })
    github.as('alice').delete(1)
    await eventually(async () => expectSync(await sync(id), DELETED))
    await put(id, { title: 'b' })
    await sweeps(2)
    expect(await get(id)).toMatchObject({ title: 'b', external_reference_id })
    expectSync(await sync(id), DELETED)
    expect((await sync(kept.id)).status).toBe('linked')
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(2)
    await remove(id)
    await eventually(async () => expect(await jobs({ read }, 'issue_missing')).toEqual([]))
  })
})

const expectSync = (state: TaskSync, expected: object): TaskSync => {
  expect(state).toMatchObject(expected)
  return state
}

const jobs = ({ read }: Pick<Synced, 'read'>, state: string) =>
  read<{ task_id: string; sync: object }[]>(`/github/jobs?state=${state}`)

const redirected = (github: Synced['github']) =>
  github.requests
    .all()
    .filter(({ status }) => status !== undefined && status >= 300 && status < 400)
