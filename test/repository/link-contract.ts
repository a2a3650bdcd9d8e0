import { describe, expect, test } from 'vitest'
import { createLink, type IssueLink } from '#src/github/issue/issue-link.ts'
import type { SyncStatus } from '#src/github/issue/task-sync.ts'
import { issueOf, millisAt, openLinked } from './linked-store.ts'
import type { Open } from './task-store.ts'

const UNKNOWN = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'
const NEIGHBOURS = ['9007199254740992', '9007199254740993', '9007199254740994'] as const

const idsOf = (links: readonly IssueLink[]): string[] => links.map(({ taskId }) => taskId)

const never = (): never => {
  throw new Error('asked')
}

/** The links by themselves: what the steps of the sync read and change. */
export const describeLinks = (open: Open): void => {
  describe('a link that is changed', () => {
    test('spends no version while its issue stays', async () => {
      const { sync, addLinked, step, current, history } = await openLinked(open)
      const task = await addLinked()
      const next = await step(task.id, { status: 'creating', nextAttemptAt: millisAt(9) })
      expect(next).toMatchObject({ rev: 2, status: 'creating' })
      expect(await sync.link(task.id)).toEqual(next)
      expect(await current(task.id)).toEqual(task)
      expect(await history(task.id)).toHaveLength(1)
    })

    test('to another issue is a commit of its task, which shows the issue', async () => {
      const { sync, addLinked, step, current, history, list } = await openLinked(open)
      const task = await addLinked()
      const fields = {
        status: 'linked',
        nextAttemptAt: null,
        wantedVersion: 1,
        syncedVersion: 1,
      } as const
      const next = await step(task.id, { ...fields, issue: issueOf('4711', 42) })
      expect(next).toMatchObject({ rev: 2, status: 'linked', wantedVersion: 2, syncedVersion: 2 })
      expect(await sync.link(task.id)).toEqual(next)
      const linked = {
        ...task,
        external_reference_id: '4711',
        external_url: issueOf('4711', 42).url,
        version: 2,
      }
      expect(await current(task.id)).toEqual(linked)
      expect(await list({ external_reference_id: ['4711'] })).toEqual([linked])
      const [, event] = await history(task.id)
      expect(event).toMatchObject({
        type: 'task.linked',
        version: 2,
        actor: { type: 'github', id: null, name: null },
        changes: {
          external_reference_id: { before: null, after: '4711' },
          external_url: { before: null, after: linked.external_url },
        },
      })
    })

    test('is decided upon with its task, both as they are', async () => {
      const { sync, addLinked, patch, current } = await openLinked(open)
      const { id } = await addLinked()
      await patch(id, { title: 'changed' })
      const seen: unknown[] = []
      await sync.changeLink(id, (link, task) => void seen.push([link, task]))
      expect(seen.at(-1)).toEqual([await sync.link(id), await current(id)])
    })

    test('keeps whatever text its fields hold', async () => {
      const { sync, addLinked, step } = await openLinked(open)
      const { id } = await addLinked()
      const description = `${'😀'.repeat(65_000)}\u2028 '"\\ \u0001 __proto__ $set {"a.b":1}`
      const fields = {
        title: '$x.y',
        description,
        status: 'completed',
        priority: 'low',
        labels: ['ä', '$', 'a.b'],
      } as const
      const openCreates = [
        { sentAt: 1, digest: '$' },
        { sentAt: 2, digest: '', issueId: NEIGHBOURS[1], closedAt: '' },
      ]
      const error = { code: 'a', detail: description, action: '' }
      const next = await step(id, { base: fields, sent: fields, openCreates, error })
      expect(await sync.link(id)).toEqual(next)
    })

    test('stays when the decision is to leave it', async () => {
      const { repository, sync, addLinked } = await openLinked(open)
      const { id } = await addLinked()
      const [link, stored] = [await sync.link(id), await repository.tasks.get(id)]
      expect(await sync.changeLink(id, () => undefined)).toEqual(link)
      expect([await sync.link(id), await repository.tasks.get(id)]).toEqual([link, stored])
    })

    test('has the next revision, whatever the decision says of it', async () => {
      const { sync, addLinked } = await openLinked(open)
      const { id } = await addLinked()
      for (const rev of [1, 7, 2])
        await sync.changeLink(id, (link) => ({ ...link, rev, attempts: rev }))
      expect(await sync.link(id)).toMatchObject({ rev: 4, attempts: 2 })
    })

    test('stays when the decision gives the very link back', async () => {
      const { sync, addLinked } = await openLinked(open)
      const { id } = await addLinked()
      const before = await sync.link(id)
      expect(await sync.changeLink(id, (link) => link)).toEqual(before)
      expect(await sync.link(id)).toEqual(before)
    })

    test('stays when the decision throws, which rejects with what was thrown', async () => {
      const { sync, addLinked, add } = await openLinked(open)
      const { id } = await addLinked()
      const [result, neighbour] = await Promise.allSettled([
        sync.changeLink(id, never),
        add({ title: 'neighbour' }),
      ])
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'asked' } })
      expect(neighbour).toMatchObject({ status: 'fulfilled' })
      expect(await sync.link(id)).toMatchObject({ rev: 1 })
    })

    test('is forgotten, then its task has none and may have another', async () => {
      const { sync, addLinked, step, forget, current } = await openLinked(open)
      const { id } = await addLinked()
      await step(id, { issue: issueOf('4711') })
      expect(await forget(id)).toBeUndefined()
      expect(await sync.link(id)).toBeUndefined()
      expect(await current(id)).toMatchObject({
        version: 2,
        external_reference_id: '4711',
      })
      expect(await sync.addLink(id, millisAt(9))).toBe(true)
      expect(await sync.link(id)).toMatchObject({ rev: 1, status: 'pending' })
    })

    test('must be there', async () => {
      const { sync, add } = await openLinked(open)
      const { id } = await add()
      for (const absent of [id, UNKNOWN, '', "' OR 1=1"])
        expect(await sync.changeLink(absent, never)).toBeUndefined()
      for (const absent of [id, UNKNOWN, '', "' OR 1=1"])
        expect(await sync.link(absent)).toBeUndefined()
    })

    test('by many at once loses none of them', async () => {
      const { sync, addLinked } = await openLinked(open)
      const { id } = await addLinked()
      const step = () => sync.changeLink(id, (link) => ({ ...link, lookups: link.lookups + 1 }))
      const revisions = (await Promise.all(Array.from({ length: 25 }, step))).map(
        (link) => link?.rev ?? 0,
      )
      expect(revisions.sort((a, b) => a - b)).toEqual(
        Array.from({ length: 25 }, (_, index) => index + 2),
      )
      expect(await sync.link(id)).toMatchObject({ rev: 26, lookups: 25 })
    })

    test('by many that decided upon one revision is changed by one of them', async () => {
      const { sync, addLinked } = await openLinked(open)
      const { id } = await addLinked()
      const claims = Array.from({ length: 12 }, (_, number) =>
        sync.changeLink(id, (link) =>
          link.rev === 1 ? { ...link, rev: 2, attempts: number + 1 } : undefined,
        ),
      )
      const results = await Promise.all(claims)
      const link = await sync.link(id)
      expect(link?.rev).toBe(2)
      expect(results).toEqual(Array(12).fill(link))
    })
  })

  describe('a link that is added', () => {
    test('is its task’s, which tells of it and spends no version', async () => {
      const { sync, add, patch, current } = await openLinked(open)
      const { id } = await add()
      await patch(id, { title: 'changed' })
      const link = createLink(id, millisAt(9), 2)
      expect(await sync.addLink(id, millisAt(9))).toBe(true)
      expect(await sync.link(id)).toEqual(link)
      expect(await current(id)).toMatchObject({
        version: 2,
        title: 'changed',
      })
    })

    test('is refused where there is one, or no task', async () => {
      const { sync, add, addLinked, remove } = await openLinked(open)
      const [linked, gone, closing] = [await addLinked(), await add(), await addLinked()]
      await remove(gone.id)
      await remove(closing.id)
      for (const id of [linked.id, gone.id, closing.id, UNKNOWN]) {
        expect(await sync.addLink(id, 1)).toBe(false)
      }
      expect(await sync.countLinks()).toEqual({ pending: 2 })
    })

    test('is one of those that race', async () => {
      const { sync, add } = await openLinked(open)
      const { id } = await add()
      const adding = Array.from({ length: 10 }, (_, now) => sync.addLink(id, now))
      expect((await Promise.all(adding)).filter(Boolean)).toHaveLength(1)
      expect(await sync.countLinks()).toEqual({ pending: 1 })
    })

    test('is found at once by those that it was refused to', async () => {
      const { sync, add } = await openLinked(open)
      const { id } = await add()
      const found = Array.from({ length: 20 }, async (_, now) => {
        const isAdded = await sync.addLink(id, now)
        return isAdded || (await sync.changeLink(id, (link) => link)) !== undefined
      })
      expect(await Promise.all(found)).toEqual(Array(20).fill(true))
    })
  })

  describe('the link of an issue', () => {
    test('is found by an id that no number holds', async () => {
      const { sync, addLinked } = await openLinked(open)
      const ids: string[] = []
      for (const [index, id] of NEIGHBOURS.entries())
        ids.push((await addLinked({ issue: issueOf(id, index + 1) })).id)
      const found = await Promise.all(NEIGHBOURS.map((id) => sync.linkOfIssue(id)))
      expect(found.map((link) => [link?.taskId, link?.issue?.id])).toEqual(
        ids.map((id, index) => [id, NEIGHBOURS[index]]),
      )
      for (const id of ['9007199254740991', '9007199254740993.0', '', '0'])
        expect(await sync.linkOfIssue(id)).toBeUndefined()
    })

    test('is found by the issue that it has now', async () => {
      const { sync, addLinked, step } = await openLinked(open)
      const { id } = await addLinked({ issue: issueOf('1') })
      await step(id, { issue: issueOf('2') })
      expect([await sync.linkOfIssue('1'), (await sync.linkOfIssue('2'))?.taskId]).toEqual([
        undefined,
        id,
      ])
    })

    test('is that of the first task where two have it, and neither link is lost', async () => {
      const { sync, addLinked, step, forget } = await openLinked(open)
      const [first, second] = [await addLinked({ issue: issueOf('1') }), await addLinked()]
      await step(second.id, { issue: issueOf('1'), status: 'linked' })
      expect(
        idsOf([
          ...(await sync.links('pending', undefined, 9)),
          ...(await sync.links('linked', undefined, 9)),
        ]),
      ).toEqual([first.id, second.id])
      expect((await sync.linkOfIssue('1'))?.taskId).toBe(first.id)
      await forget(first.id)
      expect((await sync.linkOfIssue('1'))?.taskId).toBe(second.id)
    })
  })

  describe('the links that are due', () => {
    test('are those whose time has come, the longest due first', async () => {
      const { sync, addLinked } = await openLinked(open)
      const due = new Map<number | null, string>()
      for (const at of [50, 10, null, 30, 40, 20]) {
        due.set(at, (await addLinked({ nextAttemptAt: at === null ? null : millisAt(at) })).id)
      }
      const dueAt = async (now: number, limit = 10) => idsOf(await sync.dueLinks(now, limit))
      const until = (...times: number[]) => times.map((at) => due.get(at))
      expect(await dueAt(millisAt(9))).toEqual([])
      expect(await dueAt(millisAt(30) - 1)).toEqual(until(10, 20))
      expect(await dueAt(millisAt(30))).toEqual(until(10, 20, 30))
      expect(await dueAt(millisAt(99))).toEqual(until(10, 20, 30, 40, 50))
      expect(await dueAt(millisAt(99), 2)).toEqual(until(10, 20))
    })

    test('are due anew with each change', async () => {
      const { sync, addLinked, step } = await openLinked(open)
      const { id } = await addLinked()
      await step(id, { nextAttemptAt: millisAt(500) })
      expect(await sync.dueLinks(millisAt(499), 10)).toEqual([])
      expect(idsOf(await sync.dueLinks(millisAt(500), 10))).toEqual([id])
      await step(id, { nextAttemptAt: null })
      expect(await sync.dueLinks(millisAt(500), 10)).toEqual([])
    })
  })

  describe('the links of a state', () => {
    const STATES: readonly SyncStatus[] = ['blocked', 'linked', 'failed']

    test('are read in pages, by task id, each once', async () => {
      const { sync, addLinked } = await openLinked(open)
      const tasks: { id: string; status: SyncStatus }[] = []
      for (let index = 0; index < 23; index++) {
        const status = STATES[index % 2] ?? 'failed'
        tasks.push({ id: (await addLinked({ status })).id, status })
      }
      const read: IssueLink[] = []
      for (let after: string | undefined; ; after = read.at(-1)?.taskId) {
        const page = await sync.links('blocked', after, 5)
        read.push(...page)
        if (page.length < 5) break
      }
      expect(idsOf(read)).toEqual(
        tasks.filter(({ status }) => status === 'blocked').map(({ id }) => id),
      )
      expect(await sync.links('failed', undefined, 5)).toEqual([])
    })

    test('are counted, with each change', async () => {
      const { sync, addLinked, step, forget } = await openLinked(open)
      expect(await sync.countLinks()).toEqual({})
      const tasks = await Promise.all(
        STATES.flatMap((status) => [addLinked({ status }), addLinked({ status })]),
      )
      expect(await sync.countLinks()).toEqual({ blocked: 2, linked: 2, failed: 2 })
      await step(tasks[0]?.id ?? '', { status: 'outdated' })
      await forget(tasks[2]?.id ?? '')
      await forget(tasks[3]?.id ?? '')
      expect(await sync.countLinks()).toEqual({ blocked: 1, outdated: 1, failed: 2 })
    })
  })

  describe('the tasks without a link', () => {
    test('are read in pages, by id, without those that are gone or only a claim', async () => {
      const { repository, sync, add, addLinked, remove } = await openLinked(open)
      const expected: string[] = []
      for (let index = 0; index < 12; index++) {
        const { id } = index % 3 === 0 ? await addLinked() : await add()
        if (index % 6 === 1 || index % 6 === 3) await remove(id)
        else if (index % 3 !== 0) expected.push(id)
      }
      await repository.tasks.reserveKey({
        key: 'batch',
        fingerprint: 'request',
        now: 1,
        expiresAt: Date.now() + 60_000,
      })
      const first = await sync.unlinkedTasks(undefined, 4)
      const rest = await sync.unlinkedTasks(first.at(-1), 4)
      expect([...first, ...rest]).toEqual(expected)
      expect(first).toHaveLength(4)
    })

    test('are no longer among them once they are linked', async () => {
      const { sync, add } = await openLinked(open)
      const { id } = await add()
      expect(await sync.unlinkedTasks(undefined, 9)).toEqual([id])
      await sync.addLink(id, 1)
      expect(await sync.unlinkedTasks(undefined, 9)).toEqual([])
    })
  })
}
