import { describe, expect, test } from 'vitest'
import { AppError } from '#src/core/errors.ts'
import type { IdempotencyKey } from '#src/core/idempotency.ts'
import {
  createLink,
  type IssueLink,
  importedLink,
  markOutOfSync,
  toCompanion,
  toLink,
  toSyncedFields,
} from '#src/github/issue/issue-link.ts'
import { SYNC_STATUSES } from '#src/github/issue/task-sync.ts'
import { createTask, patchTask, type Task } from '#src/task/task.ts'
import { changedEvent, createdEvent } from '#src/task/task-event.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import { issueOf, millisAt, openLinked } from './linked-store.ts'
import { deleted, type Open, patched, toStored, toTask } from './task-store.ts'

const BIG = '9007199254740993'

const keyOf = (key: string): IdempotencyKey => ({
  key,
  fingerprint: 'request',
  now: millisAt(0),
  expiresAt: millisAt(24 * 3600),
})

/** The link after a change of its task. */
const following = (
  link: IssueLink,
  version: number,
  isDeleted: boolean,
  seconds: number,
): IssueLink => ({
  ...markOutOfSync(link, version, isDeleted, millisAt(seconds)),
  rev: link.rev + 1,
})

/** That the issue of a task is behind is part of the very commit that makes it so. */
export const describeLinkCommits = (open: Open): void => {
  describe('a task that is created with a link', () => {
    test('has it from its commit on, and tells of it', async () => {
      const { repository, sync, createLinked, history } = await openLinked(open)
      const stored = toStored(await createLinked())
      const link = createLink(stored.id, millisAt(0))
      expect(await sync.link(stored.id)).toEqual(link)
      expect(JSON.parse(stored.json)).toMatchObject({
        version: 1,
        external_reference_id: null,
        external_url: null,
      })
      expect(await repository.tasks.get(stored.id)).toEqual(stored)
      expect((await history(stored.id)).map(({ type }) => type)).toEqual(['task.created'])
    })

    test('bears the id of the issue that it was made of', async () => {
      const { repository, sync, newId, list } = await openLinked(open)
      const issue = { external_reference_id: BIG, external_url: issueOf(BIG, 7).url }
      const task = createTask({ title: 'imported', ...issue }, newId(), instantAt(0))
      const link = importedLink(task.id, issueOf(BIG, 7), toSyncedFields(task), millisAt(0))
      const stored = toTask(
        await repository.tasks.create(task, createdEvent(task, BY), undefined, toCompanion(link)),
      )
      expect(stored).toMatchObject({ version: 1, ...issue })
      expect(await sync.linkOfIssue(BIG)).toEqual(link)
      expect(await list({ external_reference_id: [BIG] })).toEqual([stored])
    })

    test('is one, with one link, when twins race for its key', async () => {
      const { sync, createLinked, list } = await openLinked(open)
      const results = await Promise.all(
        Array.from({ length: 10 }, () => createLinked({}, {}, keyOf('import'))),
      )
      expect(new Set(results.map((result) => toStored(result).id)).size).toBe(1)
      expect(await sync.countLinks()).toEqual({ pending: 1 })
      const [task, ...others] = await list()
      expect([others, (await sync.link(task?.id ?? ''))?.taskId]).toEqual([[], task?.id])
    })

    test('is answered to a retry as it is now, if the key says so', async () => {
      const { sync, createLinked, step } = await openLinked(open)
      const created = toStored(await createLinked({}, {}, keyOf('retry')))
      await step(created.id, { status: 'linked', issue: issueOf('4711'), nextAttemptAt: null })
      const current = { ...keyOf('retry'), answersCurrent: true }
      const again = await createLinked({ status: 'failed' }, {}, current)
      expect(await sync.link(created.id)).toMatchObject({ status: 'linked', rev: 2 })
      expect(again).toMatchObject({ kind: 'stored', replayed: true })
      expect(toTask(again)).toMatchObject({
        id: created.id,
        version: 2,
        external_reference_id: '4711',
        external_url: issueOf('4711').url,
      })
      const first = await createLinked({}, {}, keyOf('retry'))
      expect(first).toEqual({ kind: 'stored', replayed: true, entity: created })
    })

    test('is answered to a retry as it was created, once it is deleted', async () => {
      const { createLinked, remove } = await openLinked(open)
      const created = toStored(await createLinked({}, {}, keyOf('retry')))
      await remove(created.id)
      const current = { ...keyOf('retry'), answersCurrent: true }
      const again = await createLinked({}, {}, current)
      expect(again).toEqual({ kind: 'stored', replayed: true, entity: created })
    })
  })

  describe('a change of a linked task', () => {
    test.for(SYNC_STATUSES)('makes the link what the rule says, where it is %s', async (status) => {
      const { sync, addLinked, patch } = await openLinked(open)
      const { id } = await addLinked({ status, nextAttemptAt: null, issue: issueOf('4711') })
      const before = await sync.link(id)
      const changed = toTask(await patch(id, { title: 'changed' }, instantAt(50)))
      const link = before && following(before, 2, false, 50)
      expect(await sync.link(id)).toEqual(link)
      expect(changed).toMatchObject({ version: 2, title: 'changed' })
    })

    test('that comes from GitHub says itself how the link stands', async () => {
      const { repository, sync, addLinked, current } = await openLinked(open)
      const { id } = await addLinked({
        status: 'linked',
        nextAttemptAt: null,
        issue: issueOf('4711'),
      })
      const result = await repository.tasks.change(id, (task, companion) => {
        const next = patchTask(task as Task, { title: 'from GitHub' }, instantAt(60))
        const following = companion && {
          ...toLink(companion),
          syncedVersion: 2,
          wantedVersion: 2,
          lastSyncedAt: millisAt(60),
        }
        return {
          kind: 'change',
          entity: next,
          event: changedEvent(task, next, BY),
          ...(following && { companion: toCompanion(following) }),
        }
      })
      expect(await sync.link(id)).toMatchObject({ rev: 2, syncedVersion: 2, wantedVersion: 2 })
      expect(await current(id)).toEqual(toTask(result))
    })

    test('is decided upon the link as it is', async () => {
      const { repository, sync, addLinked, step } = await openLinked(open)
      const { id } = await addLinked()
      await step(id, { attempts: 3, base: null })
      const seen: unknown[] = []
      await repository.tasks.change(id, (_, companion) => {
        seen.push(companion && toLink(companion))
        return { kind: 'keep' }
      })
      expect(seen.at(-1)).toEqual(await sync.link(id))
    })

    test('that keeps the task or is refused leaves the link', async () => {
      const { repository, sync, addLinked } = await openLinked(open)
      const { id } = await addLinked({ status: 'linked' })
      const before = await sync.link(id)
      const error = new AppError('version_mismatch', 'not now', { currentVersion: 1 })
      await repository.tasks.change(id, () => ({ kind: 'keep' }))
      await repository.tasks.change(id, () => ({ kind: 'keep' }), keyOf('kept'))
      await repository.tasks.change(id, () => ({ kind: 'refuse', error }))
      expect(await sync.link(id)).toEqual(before)
    })

    test('makes no link where there is none', async () => {
      const { sync, add, patch } = await openLinked(open)
      const { id } = await add()
      await patch(id, { title: 'changed' })
      expect(await sync.link(id)).toBeUndefined()
      expect(await sync.countLinks()).toEqual({})
    })

    test('and steps of the sync at the same time lose nothing of each other', async () => {
      const { repository, sync, addLinked, current } = await openLinked(open)
      const { id } = await addLinked({}, { description: '' })
      const change = () =>
        repository.tasks.change(id, (task, companion) =>
          patched({ description: `${task.description}x` })(task, companion),
        )
      const step = () => sync.changeLink(id, (link) => ({ ...link, attempts: link.attempts + 1 }))
      await Promise.all(
        Array.from({ length: 15 }, (_, index) => (index % 3 === 0 ? step() : change())),
      )
      const link = await sync.link(id)
      expect(link).toMatchObject({ rev: 16, attempts: 5, wantedVersion: 11 })
      expect(await current(id)).toMatchObject({
        version: 11,
        description: 'x'.repeat(10),
      })
    })
  })

  describe('a deletion of a linked task', () => {
    test('leaves the link, which says that the issue is to be closed', async () => {
      const { repository, sync, addLinked, remove } = await openLinked(open)
      const { id } = await addLinked({ status: 'linked', nextAttemptAt: null, issue: issueOf(BIG) })
      const before = await sync.link(id)
      await remove(id)
      const link = before && following(before, 2, true, 200)
      expect(link).toMatchObject({ isDeleted: true, status: 'outdated', wantedVersion: 2 })
      expect(await repository.tasks.get(id)).toBeUndefined()
      expect(await sync.link(id)).toEqual(link)
      expect(await sync.linkOfIssue(BIG)).toEqual(link)
      expect(await sync.dueLinks(millisAt(200), 10)).toEqual([link])
      expect(await sync.links('outdated', undefined, 10)).toEqual([link])
      expect(await sync.countLinks()).toEqual({ outdated: 1 })
    })

    test('lets the sync go on with the link alone, and forget it', async () => {
      const { sync, addLinked, remove, step, forget, history } = await openLinked(open)
      const { id } = await addLinked({ status: 'linked', issue: issueOf(BIG) })
      await remove(id)
      const seen: unknown[] = []
      await sync.changeLink(id, (_, task) => void seen.push(task))
      expect(seen.at(-1)).toBeUndefined()
      expect(await step(id, { attempts: 1 })).toMatchObject({ attempts: 1, isDeleted: true })
      expect(await forget(id)).toBeUndefined()
      expect([await sync.link(id), await sync.linkOfIssue(BIG), await sync.countLinks()]).toEqual([
        undefined,
        undefined,
        {},
      ])
      expect(await history(id)).toHaveLength(2)
    })

    test('that races with steps of the sync leaves what both say', async () => {
      const { repository, sync, addLinked } = await openLinked(open)
      const { id } = await addLinked({ status: 'linked' })
      const step = () => sync.changeLink(id, (link) => ({ ...link, attempts: link.attempts + 1 }))
      await Promise.all([step(), step(), repository.tasks.change(id, deleted), step(), step()])
      expect(await sync.link(id)).toMatchObject({
        rev: 6,
        attempts: 4,
        isDeleted: true,
        wantedVersion: 2,
      })
    })
  })
}
