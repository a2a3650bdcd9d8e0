import { describe, expect, test } from 'vitest'
import type { IdempotencyKey } from '#src/core/idempotency.ts'
import type { Subject } from './subject.ts'
import { type Open, openEntities, openStore, toStored } from './task-store.ts'

const NOW = Date.parse('2026-01-01T00:00:00.000Z')
export const DAY = 24 * 60 * 60 * 1000

/** A key as a request bears it, so many milliseconds after the first. */
export const keyAt = (elapsed: number, fingerprint = 'request', key = 'key'): IdempotencyKey => ({
  key,
  fingerprint,
  now: NOW + elapsed,
  expiresAt: NOW + elapsed + DAY,
})

export const describeKeys = (open: Open, subject: Subject): void => {
  describe('a create with a key', () => {
    test('is replayed byte for byte, whatever became of the task', async () => {
      const { create, patch, remove, all, history } = await openEntities(open, subject)
      const first = toStored(
        await create({ title: 'é "a"', labels: ['b', 'a'] }, undefined, keyAt(0)),
      )
      const replay = { kind: 'stored', entity: first, replayed: true }
      expect(await create({ title: 'é "a"' }, undefined, keyAt(1))).toEqual(replay)
      await patch(first.id, { title: 'changed', status: 'completed' })
      expect(await create({ title: 'é "a"' }, undefined, keyAt(2))).toEqual(replay)
      expect(await all()).toHaveLength(1)
      await remove(first.id)
      expect(await create({ title: 'é "a"' }, undefined, keyAt(3))).toEqual(replay)
      expect(await all()).toEqual([])
      expect((await history(first.id)).map(({ type }) => type)).toEqual([
        `${subject.kind}.created`,
        subject.statusEvent('completed'),
        `${subject.kind}.deleted`,
      ])
    })

    test('of another request is told that the key is used, and stores nothing', async () => {
      const { create, all } = await openEntities(open, subject)
      await create({ title: 'a' }, undefined, keyAt(0))
      expect(await create({ title: 'b' }, undefined, keyAt(1, 'another'))).toEqual({
        kind: 'key_reused',
      })
      expect(await all()).toHaveLength(1)
    })

    test('is carried out beside other keys', async () => {
      const { create, all } = await openEntities(open, subject)
      for (const key of ['a', 'A', 'a ', 'ä', 'a\u0308', '', "'", '#0']) {
        expect(
          await create({ title: key || 'empty' }, undefined, keyAt(0, 'request', key)),
        ).toMatchObject({ replayed: false })
      }
      expect(await all()).toHaveLength(8)
    })

    test('creates once when twins race', async () => {
      const { create, all, history } = await openEntities(open, subject)
      const results = await Promise.all(
        Array.from({ length: 20 }, () => create({ title: 'a' }, undefined, keyAt(0))),
      )
      expect(new Set(results.map((result) => toStored(result).json)).size).toBe(1)
      expect(results.filter((result) => result.kind === 'stored' && !result.replayed)).toHaveLength(
        1,
      )
      const [task, ...others] = await all()
      expect(others).toEqual([])
      expect(await history(task?.id ?? '')).toHaveLength(1)
    })

    test('creates for one of the requests that race for it', async () => {
      const { create, all } = await openEntities(open, subject)
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          create({ title: `t${index}` }, undefined, keyAt(0, `request ${index}`)),
        ),
      )
      expect(results.map(({ kind }) => kind).sort()).toEqual([
        ...Array(9).fill('key_reused'),
        'stored',
      ])
      expect(await all()).toHaveLength(1)
    })

    test('is remembered until it expires, then forgotten', async () => {
      const { create, all } = await openEntities(open, subject)
      const first = toStored(await create({ title: 'a' }, undefined, keyAt(0)))
      expect(await create({ title: 'a' }, undefined, keyAt(DAY - 1))).toMatchObject({
        replayed: true,
        entity: { id: first.id },
      })
      expect(await create({ title: 'b' }, undefined, keyAt(DAY + 1, 'another'))).toMatchObject({
        kind: 'stored',
        replayed: false,
      })
      expect(await create({ title: 'b' }, undefined, keyAt(DAY + 2, 'another'))).toMatchObject({
        replayed: true,
      })
      expect(await create({ title: 'a' }, undefined, keyAt(DAY + 3))).toEqual({
        kind: 'key_reused',
      })
      expect(await all()).toHaveLength(2)
    })

    test('is remembered while many others expire', async () => {
      const { create, all } = await openEntities(open, subject)
      for (let index = 0; index < 10; index += 1)
        await create({ title: 'old' }, undefined, keyAt(index, 'request', `old ${index}`))
      const kept = toStored(
        await create({ title: 'kept' }, undefined, keyAt(DAY - 1, 'request', 'kept')),
      )
      for (let index = 0; index < 10; index += 1)
        await create({ title: 'new' }, undefined, keyAt(DAY + 10, 'request', `new ${index}`))
      const again = await create({ title: 'kept' }, undefined, keyAt(DAY + 11, 'request', 'kept'))
      expect(again).toEqual({ kind: 'stored', entity: kept, replayed: true })
      expect(await all()).toHaveLength(21)
    })
  })
}

/** Of a batch of tasks. */
export const describeClaims = (open: Open): void => {
  describe('a claim', () => {
    test('binds the key to its request', async () => {
      const { repository, create, list } = await openStore(open)
      expect(await repository.tasks.reserveKey(keyAt(0))).toBe(true)
      expect(await repository.tasks.reserveKey(keyAt(1))).toBe(true)
      expect(await repository.tasks.reserveKey(keyAt(2, 'another'))).toBe(false)
      expect(await create({ title: 'a' }, undefined, keyAt(3, 'another'))).toEqual({
        kind: 'key_reused',
      })
      expect(await list()).toEqual([])
    })

    test('is refused for a key that a commit bears', async () => {
      const { repository, create } = await openStore(open)
      await create({ title: 'a' }, undefined, keyAt(0))
      expect(await repository.tasks.reserveKey(keyAt(1, 'another'))).toBe(false)
    })

    test('is forgotten once it expires', async () => {
      const { repository } = await openStore(open)
      await repository.tasks.reserveKey(keyAt(0))
      expect(await repository.tasks.reserveKey(keyAt(DAY - 1, 'another'))).toBe(false)
      expect(await repository.tasks.reserveKey(keyAt(DAY + 1, 'another'))).toBe(true)
    })

    test('is had by one of the requests that race for it', async () => {
      const { repository } = await openStore(open)
      const claims = Array.from({ length: 10 }, (_, index) =>
        repository.tasks.reserveKey(keyAt(0, `request ${index}`)),
      )
      expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1)
    })
  })
}
