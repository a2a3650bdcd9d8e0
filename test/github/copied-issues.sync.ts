import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { errorBeforeCommit, resetAfterCommit, resetBeforeCommit } from './local-github/faults.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { eventually, PATCH_ISSUE, SWEEPING, type Synced, startSynced } from './synced-service.ts'

const ALL = { ...SWEEPING, GITHUB_IMPORT: 'all' }
const LISTS_LAG_MS = 1500

/**
 * What becomes of issues that the token's own user opens with the text of one of ours, by the real
 * service over whatever database.
 */
describe('a copy of a mirrored issue by our own user', () => {
  test('is left alone without imports, however often it is closed, reopened and edited', async () => {
    const synced = await startSynced(SWEEPING)
    const { github, create, linked, sync, deliver, writesDuring } = synced
    const { id } = await create({ title: 'a', description: 'text' })
    const { me, number } = copy(synced, 1)
    expect(await writesDuring(() => deliver())).toEqual([])
    me.close(number)
    expect(await writesDuring(() => deliver())).toEqual([])
    me.reopen(number)
    me.edit(number, { title: 'another' })
    expect(await writesDuring(() => deliver())).toEqual([])
    expect(github.issue(number)).toMatchObject({ state: 'open', title: 'another' })
    expect(await linked(id)).toMatchObject({ title: 'a', version: 2 })
    expect(await sync(id)).toMatchObject({ issue_number: 1 })
  })

  test('becomes a task of its own with imports, and each task writes to its own issue', async () => {
    const synced = await startSynced(ALL)
    const { github, create, put, issueShown, linked, remove, writesDuring, deliver, list } = synced
    const { id } = await create({ title: 'a', description: 'text' })
    const { me, number } = copy(synced, 1)
    const copied = await importedTask(synced, number)
    expect(copied).toMatchObject({ title: 'a', description: 'text', version: 1 })
    expect(await writesDuring(() => deliver())).toEqual([])
    await put(copied.id, { description: 'changed' })
    await issueShown(number, {
      body: expect.stringMatching(new RegExp(`^changed\\n\\n<!-- .*${copied.id}.* -->$`)),
    })
    await put(id, { title: 'b' })
    await issueShown(1, { title: 'b', body: expect.stringContaining(id) })
    await linked(id)
    const second = copy(synced, number)
    expect(await importedTask(synced, second.number)).toMatchObject({ description: 'changed' })
    await remove(copied.id)
    await issueShown(number, { state: 'closed', stateReason: 'not_planned' })
    me.edit(second.number, { title: 'goes on' })
    await eventually(async () =>
      expect((await list()).map(({ title }) => title).sort()).toEqual(['b', 'goes on']),
    )
    expect([1, second.number].map((other) => github.issue(other)?.state)).toEqual(['open', 'open'])
  })

  test('and one that quotes the marker are no duplicates, wherever the marker is', async () => {
    const synced = await startSynced(ALL)
    const { github, create, list } = synced
    const { id } = await create({ title: 'a' })
    const marker = github.issue(1)?.body ?? ''
    const bodies = [
      `> ${marker}`,
      `as in ${marker} here`,
      `${marker}\n\nfrom the other issue`,
      `1. ${marker}\n2. b`,
      `\`${marker}\``,
    ]
    for (const body of bodies) github.as(github.login).open({ title: 'quotes', body })
    await eventually(async () => expect(await list()).toHaveLength(1 + bodies.length))
    const quoting = (await list()).filter((task) => task.id !== id)
    expect(quoting.map(({ description }) => description).join()).not.toContain('<!--')
    expect(github.issues().filter(({ state }) => state === 'closed')).toEqual([])
  })

  test('of a deleted task becomes a task with imports, and the issue of the deleted task does not', async () => {
    const synced = await startSynced(ALL)
    const { github, create, remove, issueShown, list, sweeps, deliver } = synced
    const { id } = await create({ title: 'a' })
    github.lag({ lists: LISTS_LAG_MS })
    await remove(id)
    await issueShown(1, { state: 'closed' })
    await sleep(LISTS_LAG_MS / 2)
    expect(await list()).toEqual([])
    github.lag({})
    const { me, number } = copy(synced, 1)
    await importedTask(synced, number)
    me.reopen(1)
    await deliver()
    await sweeps(2)
    expect(await list()).toHaveLength(1)
    expect(github.issue(1)?.state).toBe('open')
  })

  test('of an issue that was deleted or moved away is not taken for it', async () => {
    const synced = await startSynced()
    const { github, create, deliver, shown, sync } = synced
    const other = github.addRepository('acme/other')
    const [deleted, moved] = [await create({ title: 'deleted' }), await create({ title: 'moved' })]
    await sleep(1100)
    const copies = [copy(synced, 1), copy(synced, 2)]
    github.as('alice').delete(1)
    const away = github.as('alice').transfer(2, 'acme/other')
    await deliver()
    for (const { me, number } of copies) me.edit(number, { title: 'a copy' })
    await deliver()
    for (const { id } of [deleted, moved])
      await eventually(async () => expect((await sync(id)).status).toBe('issue_missing'))
    const back = other.as('alice').transfer(away.number, github.fullName())
    await deliver()
    await shown(moved.id, { title: 'moved', external_reference_id: String(back.id) })
    expect((await sync(deleted.id)).status).toBe('issue_missing')
    for (const { number } of copies)
      expect(github.issue(number)).toMatchObject({ state: 'open', title: 'a copy' })
  })

  test('is told from an issue of ours that GitHub has not confirmed yet', async () => {
    const synced = await startSynced({
      ...ALL,
      GITHUB_LOOKUP_DELAYS_MS: '600,900,1200',
      GITHUB_CREATE_WAIT_MS: '0',
    })
    const { github, create, shown, list } = synced
    github.lag({ lists: 300 })
    github.fail(CREATE_ISSUE, resetAfterCommit)
    const { id } = await create({ title: 'once' })
    await eventually(() => expect(github.issue(1)).toBeDefined())
    const { number } = copy(synced, 1)
    await shown(id, { external_reference_id: String(github.issue(1)?.id) })
    await importedTask(synced, number)
    expect(await list()).toHaveLength(2)
    expect(github.issues().map(({ state }) => state)).toEqual(['open', 'open'])
  })
})

describe('a duplicate that a create of ours left', () => {
  test('is closed once, though not at the first try: reopened by a person it becomes a task of its own', async () => {
    const synced = await startSynced(ALL)
    const { github, create, shown, list, issueShown, sweeps } = synced
    github.lag({ lists: LISTS_LAG_MS })
    github.fail(CREATE_ISSUE, resetAfterCommit)
    github.fail(PATCH_ISSUE, errorBeforeCommit(502))
    const { id } = await create({ title: 'once' })
    await issueShown(2, { stateReason: 'duplicate' })
    await shown(id, { sync: { issue_number: 1 } })
    /** Lists show it open for a while. */
    await sleep(LISTS_LAG_MS)
    await sweeps(2)
    expect(await list()).toHaveLength(1)
    github.lag({})
    github.as(github.login).reopen(2)
    await importedTask(synced, 2)
    await sweeps(2)
    expect(github.issues().map(({ state }) => state)).toEqual(['open', 'open'])
    expect(github.requests.to(PATCH_ISSUE).map(({ status }) => status)).toEqual([502, 200])
  })

  test('is told from a copy by its text', async () => {
    const synced = await startSynced({ ...SWEEPING, GITHUB_LOOKUP_DELAYS_MS: '50,100,150' })
    const { github, create, put, shown, issueShown, writesDuring } = synced
    github.fail(CREATE_ISSUE, resetBeforeCommit)
    const { id } = await create({ title: 'first' })
    await shown(id, { sync: { issue_number: 1 } })
    await put(id, { title: 'second' })
    await issueShown(1, { title: 'second' })
    await shown(id, { title: 'second' })
    const { number } = copy(synced, 1)
    expect(await writesDuring(() => sleep(0))).toEqual([])
    expect(github.issue(number)?.state).toBe('open')
  })
})

/** Opens an issue with the very text of another, by the token's own user. */
const copy = ({ github }: Synced, number: number) => {
  const { title = '', body = null } = github.issue(number) ?? {}
  const me = github.as(github.login)
  return { me, number: me.open({ title, body }).number }
}

/** The task that was made of an issue. */
const importedTask = ({ github, list, sync }: Synced, number: number): Promise<Task> =>
  eventually(async () => {
    const task = (await list()).find(
      (each) => each.external_reference_id === String(github.issue(number)?.id),
    )
    expect(task).toBeDefined()
    expect(await sync(task?.id ?? '')).toMatchObject({ status: 'linked', issue_number: number })
    return task as Task
  })
