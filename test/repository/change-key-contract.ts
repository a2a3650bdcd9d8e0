import { describe, expect, test } from 'vitest'
import type { CommitResult } from '#src/core/commit.ts'
import { AppError } from '#src/core/errors.ts'
import { MAX_CHANGE_KEYS } from '#src/core/idempotency.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { DAY, keyAt } from './key-contract.ts'
import type { Subject } from './subject.ts'
import {
  decisionsOf,
  type EntityStore,
  type Open,
  openEntities,
  toStored,
  toTask,
} from './task-store.ts'

const refusal = new AppError('version_mismatch', 'not now')

const keyNumber = (number: number, elapsed = 0) => keyAt(elapsed, 'request', `key ${number}`)

/** Changes a task with as many keys as it may have, the nth of them after n milliseconds. */
const useAllKeys = async ({ patch }: EntityStore, id: string): Promise<void> => {
  for (let number = 0; number < MAX_CHANGE_KEYS; number += 1) {
    const result = await patch(
      id,
      { title: `t${number}` },
      instantAt(number),
      keyNumber(number, number),
    )
    expect(result).toMatchObject({ kind: 'stored', replayed: false })
  }
}

const expectTooMany = (result: CommitResult, retryAfter: number): void =>
  expect(result).toMatchObject({ kind: 'refused', error: { code: 'too_many_keys', retryAfter } })

export const describeChangeKeys = (open: Open, subject: Subject): void => {
  const { patched } = decisionsOf(subject)

  describe('a change with a key', () => {
    test('is not applied again: its replay is the task as it is now', async () => {
      const { entities, add, patch, history } = await openEntities(open, subject)
      const { id } = await add()
      await patch(id, { title: 'first' }, undefined, keyAt(0))
      const now = toStored(await patch(id, { title: 'second' }))
      const again = await patch(id, { title: 'first' }, undefined, keyAt(1))
      expect(again).toEqual({ kind: 'stored', entity: now, replayed: true })
      expect(await entities.get(id)).toEqual(now)
      expect(await history(id)).toHaveLength(3)
    })

    test('is not decided upon again', async () => {
      const { entities, add } = await openEntities(open, subject)
      const { id } = await add()
      await entities.change(id, patched({ title: 'b' }), keyAt(0))
      const again = await entities.change(id, () => ({ kind: 'refuse', error: refusal }), keyAt(1))
      expect(again).toMatchObject({ kind: 'stored', replayed: true, entity: { version: 2 } })
    })

    test('is applied once when twins race', async () => {
      const { entities, add } = await openEntities(open, subject)
      const { id } = await add({ description: '' })
      const append = () =>
        entities.change(
          id,
          (task) => patched({ description: `${task.description}x` })(task),
          keyAt(0),
        )
      const results = await Promise.all(Array.from({ length: 20 }, append))
      expect(results.filter((result) => result.kind === 'stored' && !result.replayed)).toHaveLength(
        1,
      )
      expect(results.map((result) => toTask(result).description)).toEqual(Array(20).fill('x'))
    })

    test('that changed nothing is replayed as well', async () => {
      const { entities, add, patch } = await openEntities(open, subject)
      const { id } = await add()
      await entities.change(id, () => ({ kind: 'keep' }), keyAt(0))
      const now = toStored(await patch(id, { title: 'changed' }))
      const again = await entities.change(id, patched({ title: 'never' }), keyAt(1))
      expect(again).toEqual({ kind: 'stored', entity: now, replayed: true })
    })

    test('of another request is told that the key is used, before and after a deletion', async () => {
      const { add, patch, remove } = await openEntities(open, subject)
      const { id } = await add()
      await patch(id, { title: 'b' }, undefined, keyAt(0))
      for (const change of [
        () => patch(id, { title: 'c' }, undefined, keyAt(1, 'another')),
        () => remove(id, keyAt(1, 'another')),
      ]) {
        expect(await change()).toEqual({ kind: 'key_reused' })
      }
      await remove(id)
      expect(await patch(id, { title: 'c' }, undefined, keyAt(2, 'another'))).toEqual({
        kind: 'key_reused',
      })
    })

    test('of a task that was deleted since is replayed as a deletion', async () => {
      const { add, patch, remove, history } = await openEntities(open, subject)
      const { id } = await add()
      await patch(id, { title: 'b' }, undefined, keyAt(0))
      await remove(id)
      expect(await patch(id, { title: 'b' }, undefined, keyAt(1))).toEqual({
        kind: 'deleted',
        replayed: true,
      })
      expect(await patch(id, { title: 'c' }, undefined, keyAt(2, 'c', 'c'))).toEqual({
        kind: 'absent',
      })
      expect(await history(id)).toHaveLength(3)
    })

    test('that deleted is replayed as a deletion', async () => {
      const { add, remove, history } = await openEntities(open, subject)
      const { id } = await add()
      expect(await remove(id, keyAt(0))).toEqual({ kind: 'deleted', replayed: false })
      expect(await remove(id, keyAt(1))).toEqual({ kind: 'deleted', replayed: true })
      expect(await remove(id)).toEqual({ kind: 'absent' })
      expect(await history(id)).toHaveLength(2)
    })

    test('that was refused leaves the key free', async () => {
      const { entities, add, patch } = await openEntities(open, subject)
      const { id } = await add()
      const refused = await entities.change(
        id,
        () => ({ kind: 'refuse', error: refusal }),
        keyAt(0),
      )
      expect(refused.kind).toBe('refused')
      expect(await patch(id, { title: 'b' }, undefined, keyAt(1, 'another'))).toMatchObject({
        kind: 'stored',
        replayed: false,
      })
    })

    test('that met no task leaves the key free', async () => {
      const { create, patch, newId } = await openEntities(open, subject)
      expect(await patch(newId(), { title: 'b' }, undefined, keyAt(0))).toEqual({ kind: 'absent' })
      expect(await create({ title: 'a' }, undefined, keyAt(1, 'another'))).toMatchObject({
        kind: 'stored',
        replayed: false,
      })
    })

    test('whose decision threw leaves the key free', async () => {
      const { entities, add, patch } = await openEntities(open, subject)
      const { id } = await add()
      const thrown = entities.change(
        id,
        () => {
          throw new Error('a fault')
        },
        keyAt(1, 'thrown', 'thrown'),
      )
      await expect(thrown).rejects.toThrow('a fault')
      expect(
        await patch(id, { title: 'b' }, undefined, keyAt(2, 'another', 'thrown')),
      ).toMatchObject({ replayed: false })
    })

    test('is applied again once its key has expired', async () => {
      const { add, patch } = await openEntities(open, subject)
      const { id } = await add()
      await patch(id, { title: 'b' }, undefined, keyAt(0))
      expect(await patch(id, { title: 'b' }, undefined, keyAt(DAY - 1))).toMatchObject({
        replayed: true,
      })
      expect(await patch(id, { title: 'c' }, undefined, keyAt(DAY + 1))).toMatchObject({
        replayed: false,
      })
      expect(await patch(id, { title: 'c' }, undefined, keyAt(DAY + 2))).toMatchObject({
        replayed: true,
      })
    })
  })

  describe(`a task with ${MAX_CHANGE_KEYS} keys of changes`, () => {
    test('takes no other key until the oldest expires, and any change without one', async () => {
      const store = await openEntities(open, subject)
      const { add, patch, remove, history } = store
      const { id } = await add()
      await useAllKeys(store, id)
      expectTooMany(
        await patch(id, { title: 'x' }, undefined, keyNumber(100, 1000)),
        DAY / 1000 - 1,
      )
      expectTooMany(await remove(id, keyNumber(100, 1001)), DAY / 1000 - 1)
      expectTooMany(await patch(id, { title: 'x' }, undefined, keyNumber(100, DAY - 1)), 1)
      expect(await history(id)).toHaveLength(MAX_CHANGE_KEYS + 1)
      expect(await patch(id, { title: 'x' })).toMatchObject({ kind: 'stored' })

      expect(await patch(id, { title: 'y' }, undefined, keyNumber(100, DAY))).toMatchObject({
        replayed: false,
      })
      expectTooMany(await patch(id, { title: 'z' }, undefined, keyNumber(101, DAY)), 1)
      expect(await patch(id, { title: 'y' }, undefined, keyNumber(100, DAY))).toMatchObject({
        replayed: true,
      })
    })

    test('replays each of them, and does not limit another task', async () => {
      const store = await openEntities(open, subject)
      const { add, patch } = store
      const [{ id }, other] = [await add(), await add()]
      await useAllKeys(store, id)
      for (const number of [0, 50, 99]) {
        const again = await patch(id, { title: 'x' }, undefined, keyNumber(number, 200))
        expect(again).toMatchObject({ replayed: true, entity: { version: MAX_CHANGE_KEYS + 1 } })
      }
      expect(await patch(other.id, { title: 'x' }, undefined, keyNumber(100))).toMatchObject({
        replayed: false,
      })
    })

    test('is created with a key that is not one of them', async () => {
      const store = await openEntities(open, subject)
      const { id } = toStored(
        await store.create({ title: 'a' }, undefined, keyAt(0, 'create', 'create')),
      )
      await useAllKeys(store, id)
      expectTooMany(
        await store.patch(id, { title: 'x' }, undefined, keyNumber(100, 1000)),
        DAY / 1000 - 1,
      )
    })

    test('is not counted for what was refused or changed nothing twice', async () => {
      const { entities, add, patch } = await openEntities(open, subject)
      const { id } = await add()
      for (let number = 0; number < MAX_CHANGE_KEYS + 1; number += 1) {
        await entities.change(id, () => ({ kind: 'refuse', error: refusal }), keyNumber(number))
        await entities.change(id, () => ({ kind: 'keep' }), keyAt(0, 'request', 'kept'))
      }
      expect(await patch(id, { title: 'x' }, undefined, keyNumber(0))).toMatchObject({
        replayed: false,
      })
    })
  })
}
