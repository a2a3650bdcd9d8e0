import { describe, expect, onTestFinished, test } from 'vitest'
import type { Repository } from '#src/core/repository.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { issueOf, millisAt, toLinkedStore, toSync } from './linked-store.ts'
import { NOTES } from './subject.ts'
import { deliveryAt } from './sync-contract.ts'
import { createEntities, createStore, toTask } from './task-store.ts'

/** Opens the same database each time; the test closes it. */
export type Reopen = () => Promise<Repository> | Repository

const HOUR = 3_600_000

/** What is there when a store is closed and opened again. `create` gives a place of the test's own. */
export const describeRestart = (name: string, create: () => Promise<Reopen> | Reopen): void => {
  describe(`${name} that is opened again`, () => {
    const openTwice = async <T>(before: (store: LinkedStore) => Promise<T>) => {
      const open = await create()
      const first = await open()
      const kept = await before(toStore(first))
      await first.close()
      const second = await open()
      onTestFinished(() => second.close())
      return { kept, ...toStore(second) }
    }

    test('has every link, also those of deleted tasks, and their tasks tell of them', async () => {
      const { kept, sync, current } = await openTwice(async ({ addLinked, step, remove, sync }) => {
        const ids = [
          (await addLinked()).id,
          (await addLinked({ status: 'linked' })).id,
          (await addLinked()).id,
        ]
        await step(ids[0] ?? '', {
          status: 'failed',
          issue: issueOf('9007199254740993'),
          nextAttemptAt: null,
        })
        await remove(ids[1] ?? '')
        return Promise.all(ids.map((id) => sync.link(id)))
      })
      for (const link of kept) expect(await sync.link(link?.taskId ?? '')).toEqual(link)
      expect(await sync.countLinks()).toEqual({ failed: 1, outdated: 1, pending: 1 })
      expect(await sync.linkOfIssue('9007199254740993')).toEqual(kept[0])
      expect(await current(kept[0]?.taskId ?? '')).toMatchObject({
        external_reference_id: '9007199254740993',
      })
      expect((await sync.dueLinks(millisAt(300), 9)).map(({ taskId }) => taskId)).toEqual([
        kept[2]?.taskId,
        kept[1]?.taskId,
      ])
    })

    test('has the links of many new tasks that nobody asked for before, the longest due first', async () => {
      const { kept, sync } = await openTwice(async ({ createLinked, patch, remove }) => {
        const created = await Promise.all(
          Array.from({ length: 1100 }, (_, at) => createLinked({ nextAttemptAt: millisAt(at) })),
        )
        const ids = created.map((result) => toTask(result).id)
        await patch(ids[0] ?? '', { title: 'changed' })
        await remove(ids[1] ?? '')
        return ids
      })
      expect(await sync.countLinks()).toEqual({ pending: kept.length })
      expect(await sync.unlinkedTasks(undefined, 9)).toEqual([])
      expect((await sync.dueLinks(millisAt(600), 2000)).map(({ taskId }) => taskId)).toEqual(
        kept.slice(0, 601),
      )
      expect((await sync.links('pending', kept[1050], 2000)).map(({ taskId }) => taskId)).toEqual(
        kept.slice(1051),
      )
      expect(await sync.countLinks()).toEqual({ pending: kept.length })
      expect(await sync.link(kept[1] ?? '')).toMatchObject({ isDeleted: true, wantedVersion: 2 })
    })

    test('has every record, its unique key and its history, and the newest id', async () => {
      const { kept, repository } = await openTwice(async ({ repository, newId }) => {
        const store = createEntities(repository, NOTES, newId)
        const note = await store.add({ slug: 'one' })
        await store.patch(note.id, { title: 'changed' })
        const gone = await store.add({ slug: 'two' })
        await store.remove(gone.id)
        return { note: (await store.all())[0], newest: (await store.add()).id }
      })
      const store = createEntities(repository, NOTES, createUuids(kept.newest))
      expect((await store.all())[0]).toEqual(kept.note)
      expect(await store.history(kept.note?.id ?? '')).toHaveLength(2)
      expect(await repository.tasks.maxId()).toBe(kept.newest)
      expect((await store.create({ title: 'a', slug: 'one' })).kind).toBe('taken')
      expect((await store.create({ title: 'a', slug: 'two' })).kind).toBe('stored')
    })

    test('knows the deliveries that are open and those that were dealt with', async () => {
      const { sync } = await openTwice(async ({ sync }) => {
        await sync.addDelivery(deliveryAt(1))
        await sync.addDelivery(deliveryAt(2))
        await sync.closeDelivery(deliveryAt(1).id, 0)
      })
      expect(await sync.openDeliveries(9)).toEqual([deliveryAt(2)])
      expect(await sync.addDelivery(deliveryAt(1))).toBe(false)
    })

    test('has the values, and another term for whoever holds a lease next', async () => {
      const { kept, sync } = await openTwice(async ({ sync }) => {
        await sync.writeState('cursor', { at: 5 })
        return sync.acquireLease('work', 'a', HOUR)
      })
      expect(await sync.readState('cursor')).toEqual({ at: 5 })
      await sync.releaseLease('work', 'a')
      expect(await sync.acquireLease('work', 'b', HOUR)).toBeGreaterThan(Number(kept))
    })

    test('finishes the steps that were begun when it closes', async () => {
      const open = await create()
      const first = await open()
      const store = toStore(first)
      const { id } = await store.addLinked()
      const reads = Promise.all([
        store.sync.countLinks(),
        store.sync.unlinkedTasks(undefined, 9),
        store.sync.link(id),
      ])
      const begun = Promise.all([
        store.step(id, { attempts: 1 }),
        store.sync.writeState('a', 1),
        reads,
      ])
      await first.close()
      await begun
      const second = await open()
      onTestFinished(() => second.close())
      expect(await toSync(second).link(id)).toMatchObject({ rev: 2, attempts: 1 })
      expect(await toSync(second).readState('a')).toBe(1)
    })
  })
}

const toStore = (repository: Repository) =>
  toLinkedStore(createStore(repository, createUuids(undefined)))
type LinkedStore = ReturnType<typeof toStore>
