import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { errorBeforeCommit, hang, meanwhile } from './local-github/faults.ts'
import { byGithub } from './sync-calls.ts'
import { SHORT_LEASE } from './sync-env.ts'
import {
  ADD_LABELS,
  eventually,
  GET_ISSUE,
  NEWER_MS,
  PATCH_ISSUE,
  SWEEPING,
  type Synced,
  startSynced,
  waitForTask,
} from './synced-service.ts'

/** What becomes of changes on both sides, by the real service over whatever database. */
describe('changes on both sides', () => {
  test('ten quick edits while GitHub is down: one PATCH with the final values', async () => {
    const { github, create, put, linked, issueShown } = await startSynced()
    const { id } = await create({ title: 'a' })
    const offline = github.fail('*', errorBeforeCommit(503), { probability: 1 })
    for (let index = 1; index <= 10; index += 1)
      await put(id, { title: `title ${index}`, description: `text ${index}` })
    await eventually(() => expect(offline.hits()).toBeGreaterThan(1))
    offline.stop()
    await issueShown(1, { title: 'title 10', body: expect.stringMatching(/^text 10\n\n<!--/) })
    expect(await linked(id)).toMatchObject({ version: 12, title: 'title 10' })
    expect(github.requests.to(PATCH_ISSUE).filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test.for([
    ['newest', 'the issue, as it is newer', 'hers'],
    ['task', 'the task, as always', 'ours'],
    ['github', 'the issue, as always', 'hers'],
  ] as const)(
    'a title edited on both sides: a winner on both, the loser in the history (%s: %s)',
    async ([conflict, , winner]) => {
      const synced = await startSynced({ GITHUB_CONFLICT: conflict })
      const { id, version } = await conflictOver(synced, conflict === 'newest' ? NEWER_MS : 0)
      expect(await synced.shown(id, { title: winner })).toMatchObject({ version: version + 2 })
      await synced.issueShown(1, { title: winner })
      const history = await synced.history(id)
      const loser = winner === 'hers' ? 'ours' : 'hers'
      expect(history.at(-1)).toMatchObject({
        type: winner === 'hers' ? 'task.updated' : 'task.conflict_resolved',
        actor: byGithub('alice'),
        changes: { title: { before: loser, after: winner } },
      })
    },
  )

  test('a title edited on both sides, here last: the task wins, the loser in the history (newest)', async () => {
    const { github, create, put, deliver, shown, issueShown, history } = await startSynced()
    const { id } = await create({ title: 'a' })
    github.deliveries.drop()
    github.as('alice').edit(1, { title: 'hers' })
    await sleep(NEWER_MS)
    await put(id, { title: 'ours' })
    await deliver()
    await shown(id, { title: 'ours' })
    await issueShown(1, { title: 'ours' })
    expect((await history(id)).at(-1)).toMatchObject({
      type: 'task.conflict_resolved',
      changes: { title: { before: 'hers', after: 'ours' } },
    })
  })

  test('a conflict is told once, however often the write to the issue fails', async () => {
    const synced = await startSynced({ GITHUB_CONFLICT: 'task' })
    const failing = synced.github.fail(PATCH_ISSUE, errorBeforeCommit(502), { probability: 1 })
    const { id, version } = await conflictOver(synced, 0)
    await eventually(() => expect(failing.hits()).toBeGreaterThan(3))
    failing.stop()
    await synced.issueShown(1, { title: 'ours' })
    expect(await synced.linked(id)).toMatchObject({ title: 'ours', version: version + 2 })
    expect(
      (await synced.history(id)).filter(({ type }) => type === 'task.conflict_resolved'),
    ).toHaveLength(1)
  })

  test('a change that was under way when the process was killed is ended by the next one at once', async () => {
    const { github, create, put, restart, issueShown } = await startSynced(SHORT_LEASE)
    const { id } = await create({ title: 'a', labels: ['x'] })
    const hanging = github.fail(PATCH_ISSUE, hang({ commit: 'never' }))
    await put(id, { title: 'b', labels: [] })
    await eventually(() => expect(hanging.hits()).toBe(1))
    const service = await restart({}, 'SIGKILL')
    await issueShown(1, { title: 'b', labels: [] })
    await waitForTask(service, { id }, { title: 'b', version: 3, sync: { status: 'linked' } })
    expect(await service.history(id)).toHaveLength(3)
  })

  test('a title edited here and a text there are both kept', async () => {
    const { github, create, put, deliver, shown, issueShown, history } = await startSynced()
    const { id } = await create({ title: 'a', description: 'text' })
    github.fail(GET_ISSUE, errorBeforeCommit(), { times: 2 })
    await put(id, { title: 'ours' })
    const body = github.issue(1)?.body ?? ''
    github.as('alice').edit(1, { body: body.replace('text', 'hers') })
    await deliver()
    await shown(id, { title: 'ours', description: 'hers', version: 4 })
    await issueShown(1, { title: 'ours', body: body.replace('text', 'hers') })
    expect((await history(id)).slice(2).flatMap(({ changes }) => Object.keys(changes))).toEqual([
      'title',
      'description',
    ])
  })

  test("a human's label added during our PATCH survives, also without a webhook", async () => {
    const { github, create, put, shown, issueShown, writesDuring } = await startSynced(SWEEPING)
    const { id } = await create({ title: 'a', labels: ['ours'] })
    github.fail(
      PATCH_ISSUE,
      meanwhile(() => github.as('alice').label(1, 'Hers')),
    )
    await put(id, { title: 'b', labels: ['ours', 'another'] })
    await shown(id, { title: 'b', labels: ['ours', 'another', 'Hers'] })
    await issueShown(1, { title: 'b', labels: ['Hers', 'another', 'ours'] })
    expect(await writesDuring(() => sleep(0))).toEqual([])
  })

  test("a human's edit within the second of our own is seen without a webhook", async () => {
    const { github, create, put, linked, shown, issueShown } = await startSynced(SWEEPING)
    const { id } = await create({ title: 'a' })
    for (const round of [1, 2, 3]) {
      await put(id, { description: `text ${round}` })
      await linked(id)
      github.as('alice').edit(1, { title: `title ${round}` })
      await shown(id, { title: `title ${round}`, description: `text ${round}` })
    }
    await issueShown(1, { title: 'title 3', body: expect.stringMatching(/^text 3\n/) })
  })

  test("a human's undoing of our change within its second is believed in the end", async () => {
    const { github, create, put, linked, deliver, shown, issueShown } = await startSynced()
    const { id } = await create({ title: 'a', labels: ['x'] })
    await put(id, { status: 'completed', labels: [] })
    await issueShown(1, { state: 'closed', labels: [] })
    await linked(id)
    github.as('alice').reopen(1)
    github.as('alice').label(1, 'x')
    await deliver()
    await shown(id, { status: 'pending', labels: ['x'] })
    await issueShown(1, { state: 'open', labels: ['x'] })
  })

  test('labels go both ways as sets, whatever their case', async () => {
    const { github, create, put, deliver, shown, issueShown, linked, writesDuring } =
      await startSynced(SWEEPING)
    const { id } = await create({ title: 'a', labels: ['Ops', 'home', 'x'] })
    github.as('alice').label(1, 'OPS', 'Bug')
    github.as('alice').unlabel(1, 'home')
    await deliver()
    await shown(id, { labels: ['Ops', 'x', 'Bug'] })
    await put(id, { labels: ['ops', 'bug', 'new'] })
    await issueShown(1, { labels: ['Bug', 'Ops', 'new'] })
    expect(await linked(id)).toMatchObject({ labels: ['ops', 'bug', 'new'] })
    expect(await writesDuring(() => sleep(0))).toEqual([])
    expect(github.requests.to(ADD_LABELS).map(({ body }) => body)).toEqual([{ labels: ['new'] }])
  })
})

/** A title that both sides have changed since they were equal, the issue's so many milliseconds after the task's. */
const conflictOver = async ({ github, create, put, hook }: Synced, laterMs: number) => {
  const task = await create({ title: 'a' })
  github.deliveries.drop()
  const hanging = github.fail(GET_ISSUE, hang({ commit: 'never' }))
  await put(task.id, { title: 'ours' })
  await eventually(() => expect(hanging.hits()).toBe(1))
  await sleep(laterMs)
  github.as('alice').edit(1, { title: 'hers' })
  await github.deliveries.send(hook)
  hanging.release()
  return task
}
