import { describe, expect, test } from 'vitest'
import type { CommitResult, Decision } from '#src/core/commit.ts'
import { AppError } from '#src/core/errors.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import type { Sample, Subject } from './subject.ts'
import { decisionsOf, type Open, openEntities, toStored, toTask } from './task-store.ts'

const kindsOf = (results: readonly CommitResult[]) => results.map(({ kind }) => kind)

const refusal = new AppError('version_mismatch', 'not now', { currentVersion: 1 })

export const describeChanges = (open: Open, subject: Subject): void => {
  const { patched, deleted } = decisionsOf(subject)

  describe('a change', () => {
    test('stores the next state with its event', async () => {
      const { entities, add, patch, history } = await openEntities(open, subject)
      const { id } = await add({ title: 'a' })
      const result = await patch(id, { title: 'b', labels: ['x'] }, instantAt(7))
      expect(result).toMatchObject({ kind: 'stored', replayed: false, entity: { id, version: 2 } })
      expect(toTask(result)).toMatchObject({
        title: 'b',
        labels: ['x'],
        version: 2,
        updated_at: instantAt(7),
      })
      expect(await entities.get(id)).toEqual(toStored(result))
      expect(await history(id)).toMatchObject([
        { type: `${subject.kind}.created` },
        { type: `${subject.kind}.updated`, time: instantAt(7) },
      ])
    })

    test('is decided upon the task as it is', async () => {
      const { entities, add, patch } = await openEntities(open, subject)
      const { id } = await add({
        title: 'a',
        description: 'x'.repeat(1000),
        labels: ['l'],
        due_at: instantAt(1),
      })
      const now = toTask(await patch(id, { title: 'b' }))
      const seen: Sample[] = []
      await entities.change(id, (current) => {
        seen.push(current)
        return { kind: 'keep' }
      })
      expect(seen.length).toBeGreaterThan(0)
      for (const current of seen) expect(current).toEqual(now)
    })

    test('that keeps the task answers it as it is, with no event', async () => {
      const { entities, create, history } = await openEntities(open, subject)
      const stored = toStored(await create({ title: 'a' }))
      expect(await entities.change(stored.id, () => ({ kind: 'keep' }))).toEqual({
        kind: 'stored',
        entity: stored,
        replayed: false,
      })
      expect(await entities.get(stored.id)).toEqual(stored)
      expect(await history(stored.id)).toHaveLength(1)
    })

    test('that deletes leaves no task', async () => {
      const { entities, add, remove, all, history } = await openEntities(open, subject)
      const { id } = await add({ labels: ['l'] })
      expect(await remove(id)).toEqual({ kind: 'deleted', replayed: false })
      expect(await entities.get(id)).toBeUndefined()
      expect(await all()).toEqual([])
      expect((await history(id)).at(-1)).toMatchObject({ type: `${subject.kind}.deleted` })
    })

    test('that is refused stores nothing', async () => {
      const { entities, create, history } = await openEntities(open, subject)
      const stored = toStored(await create({ title: 'a' }))
      const result = await entities.change(stored.id, () => ({
        kind: 'refuse',
        error: refusal,
      }))
      expect(result).toEqual({ kind: 'refused', error: refusal })
      expect(await entities.get(stored.id)).toEqual(stored)
      expect(await history(stored.id)).toHaveLength(1)
    })

    test('of an absent task is not decided upon', async () => {
      const { entities, add, newId, remove } = await openEntities(open, subject)
      const { id } = await add()
      await remove(id)
      const decide = (): Decision<Sample> => {
        throw new Error('asked')
      }
      for (const absent of [id, newId(), 'no id'])
        expect(await entities.change(absent, decide)).toEqual({ kind: 'absent' })
    })

    test('whose decision throws stores nothing and rejects with what was thrown', async () => {
      const { entities, create, add, history } = await openEntities(open, subject)
      const stored = toStored(await create({ title: 'a' }))
      const fault = new Error('a fault')
      const failing = entities.change(stored.id, () => {
        throw fault
      })
      const [result, neighbour] = await Promise.allSettled([failing, add({ title: 'neighbour' })])
      expect(result).toEqual({ status: 'rejected', reason: fault })
      expect(neighbour).toMatchObject({ status: 'fulfilled', value: { title: 'neighbour' } })
      expect(await entities.get(stored.id)).toEqual(stored)
      expect(await history(stored.id)).toHaveLength(1)
    })

    test('after change grows the version by one and keeps what it does not name', async () => {
      const { add, patch } = await openEntities(open, subject)
      const before = await add({ title: 'a', labels: ['x', 'y'], external_reference_id: 'r' })
      let current = before
      for (let index = 0; index < 12; index += 1) {
        const fields = [
          { title: `t${index}` },
          { due_at: instantAt(index) },
          { priority: 'high' },
          { priority: 'low' },
        ] as const
        current = toTask(await patch(before.id, fields[index % 4] ?? {}))
      }
      expect(current).toMatchObject({
        version: 13,
        labels: ['x', 'y'],
        external_reference_id: 'r',
        title: 't8',
      })
    })
  })

  describe('concurrent changes', () => {
    test('of one task are all applied', async () => {
      const { entities, add, history } = await openEntities(open, subject)
      const { id } = await add({ description: '0' })
      const increment = (current: Sample) =>
        patched({ description: String(Number(current.description) + 1) })(current)
      const results = await Promise.all(
        Array.from({ length: 50 }, () => entities.change(id, increment)),
      )
      expect(results.map((result) => toStored(result).version).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, index) => index + 2),
      )
      expect(JSON.parse((await entities.get(id))?.json ?? '')).toMatchObject({
        description: '50',
        version: 51,
      })
      const counted = (await history(id))
        .slice(1)
        .map(({ changes }) => Number(changes.description?.after))
      expect(counted).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    })

    test('of one task keep each label that one of them adds', async () => {
      const { entities, add, all } = await openEntities(open, subject)
      const { id } = await add()
      const labels = Array.from({ length: 20 }, (_, index) => `label ${index}`)
      const adding = (label: string) => (current: Sample) =>
        patched({ labels: [...current.labels, label] })(current)
      await Promise.all(labels.map((label) => entities.change(id, adding(label))))
      const [task] = await all({ labels })
      expect([...(task?.labels ?? [])].sort()).toEqual([...labels].sort())
    })

    test('of one task delete it once', async () => {
      const { remove, add, history } = await openEntities(open, subject)
      const { id } = await add()
      const results = await Promise.all(Array.from({ length: 10 }, () => remove(id)))
      expect(kindsOf(results).sort()).toEqual([...Array(9).fill('absent'), 'deleted'])
      expect(await history(id)).toHaveLength(2)
    })

    test('and a deletion leave no task behind', async () => {
      const { entities, add, history } = await openEntities(open, subject)
      const { id } = await add()
      const changes = Array.from({ length: 9 }, (_, index) => patched({ title: `t${index}` }))
      const decisions = [...changes.slice(0, 5), deleted, ...changes.slice(5)]
      const results = await Promise.all(decisions.map((decide) => entities.change(id, decide)))
      expect(await entities.get(id)).toBeUndefined()
      const stored = kindsOf(results).filter((kind) => kind === 'stored').length
      expect((await history(id)).map(({ type }) => type)).toEqual([
        `${subject.kind}.created`,
        ...Array(stored).fill(`${subject.kind}.updated`),
        `${subject.kind}.deleted`,
      ])
    })

    test('of many tasks do not mix', async () => {
      const { add, patch, all } = await openEntities(open, subject)
      const tasks = await Promise.all(
        Array.from({ length: 40 }, (_, index) => add({ title: `task ${index}` })),
      )
      await Promise.all(tasks.map(({ id, title }) => patch(id, { description: `of ${title}` })))
      expect((await all()).map(({ description }) => description)).toEqual(
        tasks.map(({ title }) => `of ${title}`),
      )
    })
  })
}
