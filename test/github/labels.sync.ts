import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  ADD_LABELS,
  eventually,
  NEWER_MS,
  REMOVE_LABEL,
  SWEEPING,
  startSynced,
} from './synced-service.ts'

const DROPPED = { status: 'linked', error: { code: 'labels_dropped' } }

/** What labels tell and what becomes of those of others, by the real service over whatever database. */
describe('labels', () => {
  test('managed labels tell of priority and status, both ways, and are no labels of the task', async () => {
    const { github, create, put, deliver, shown, issueShown, linked } = await startSynced()
    const { id } = await create({
      title: 'a',
      priority: 'high',
      status: 'in_progress',
      labels: ['x'],
    })
    await issueShown(1, { labels: ['priority:high', 'status:in_progress', 'x'] })
    await put(id, { priority: 'low', status: 'pending' })
    await issueShown(1, { labels: ['priority:low', 'x'] })
    await put(id, { priority: 'medium', status: 'in_progress' })
    await issueShown(1, { labels: ['status:in_progress', 'x'] })
    await linked(id)
    await sleep(NEWER_MS)
    github.as('alice').label(1, 'Priority:HIGH')
    github.as('alice').unlabel(1, 'status:in_progress')
    await deliver()
    expect(await shown(id, { priority: 'high', status: 'pending' })).toMatchObject({
      labels: ['x'],
    })
    /** Of two priorities the high one counts, and the other is taken away. */
    github.as('alice').label(1, 'priority:low')
    await deliver()
    await issueShown(1, { labels: ['priority:high', 'x'] })
    expect(await linked(id)).toMatchObject({ priority: 'high', labels: ['x'] })
  })

  test("a label of someone else's is never removed, though the task has no room or no use for it", async () => {
    const { github, create, put, linked, deliver, issueShown } = await startSynced(SWEEPING)
    const full = Array.from({ length: 20 }, (_, index) => `l${String(index).padStart(2, '0')}`)
    const { id } = await create({ title: 'a', labels: full })
    github.as('alice').label(1, 'hers', 'another of hers')
    await deliver()
    await put(id, { title: 'b', status: 'completed', labels: full.slice(0, 19) })
    const kept = [...full.slice(0, 19), 'hers', 'another of hers'].sort()
    await issueShown(1, { title: 'b', state: 'closed', labels: kept })
    expect(await linked(id)).toMatchObject({ labels: expect.arrayContaining(full.slice(0, 19)) })
    await put(id, { labels: [] })
    await issueShown(1, { labels: expect.arrayContaining(['another of hers']) })
    expect(github.requests.to(REMOVE_LABEL).filter(({ path }) => path.includes('another'))).toEqual(
      [],
    )
  })

  test('dropped for lack of rights: text still syncs, labels stay on each side, and follow once there are rights', async () => {
    const { github, create, get, put, sync, deliver, shown, issueShown, linked, syncNow } =
      await startSynced()
    github.setRights('pull')
    const { id } = await create({
      title: 'a',
      priority: 'high',
      status: 'in_progress',
      labels: ['x'],
    })
    expect(await get(id)).toMatchObject({
      priority: 'high',
      status: 'in_progress',
      labels: ['x'],
    })
    expect(await sync(id)).toMatchObject(DROPPED)
    github.as('alice').label(1, 'hers')
    github.as('alice').edit(1, { title: 'b' })
    await deliver()
    expect(await shown(id, { title: 'b', sync: DROPPED })).toMatchObject({
      priority: 'high',
      labels: ['x'],
    })
    await put(id, { status: 'completed', labels: ['x', 'y'] })
    await issueShown(1, { state: 'closed', labels: ['hers'] })
    await linked(id)
    await put(id, { status: 'in_progress' })
    await issueShown(1, { state: 'open', labels: ['hers'] })
    expect(await linked(id)).toMatchObject({
      status: 'in_progress',
      priority: 'high',
      labels: ['x', 'y'],
    })
    expect(await sync(id)).toMatchObject(DROPPED)
    github.setRights('push')
    await syncNow(id)
    await issueShown(1, { labels: ['hers', 'priority:high', 'status:in_progress', 'x', 'y'] })
    await shown(id, { labels: ['x', 'y', 'hers'], priority: 'high', sync: { error: null } })
  })

  test('refused for lack of rights later on: this task says so, its text and other tasks go on', async () => {
    const { github, create, get, put, sync, issueShown, shown, read, send } = await startSynced()
    const { id } = await create({ title: 'a', labels: ['x'] })
    github.setRights('pull')
    await put(id, { title: 'b', labels: ['y'] })
    await issueShown(1, { title: 'b', labels: ['x'] })
    await eventually(async () => expect(await sync(id)).toMatchObject(DROPPED))
    expect(await get(id)).toMatchObject({ title: 'b', labels: ['y'] })
    expect(await read('/github/status')).toMatchObject({ blocked: null })
    await shown((await create({ title: 'other' })).id, { sync: { error: null } })
    github.setRights('push')
    expect(
      await (await send('POST', '/github/jobs/retry', { reason: 'labels_dropped' })).json(),
    ).toEqual({ count: 1 })
    await issueShown(1, { title: 'b', labels: ['y'] })
    await shown(id, { labels: ['y'], sync: { error: null } })
    expect(github.requests.to(ADD_LABELS).length).toBeLessThan(4)
  })
})
