import { describe, expect, test } from 'vitest'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import type { Sample, Subject } from './subject.ts'
import {
  createEntities,
  type Open,
  openEntities,
  readSlice,
  toStored,
  WHOLE,
} from './task-store.ts'

const UNKNOWN = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

const TEXTS: Readonly<Record<string, string>> = {
  emoji: '👩‍👩‍👧‍👦🏳️‍🌈👍🏽\u{1F600}',
  'right to left': 'שלום \u202eעולם\u202c مرحبا بالعالم',
  'combining marks': 'e\u0301é Z\u0351\u036b\u0343 \u1112\u1161\u11ab한',
  quotes: `'"\`\\\\" '; DROP TABLE tasks; -- $1 ?1 %s {"id":1},{"id":2}`,
  'control characters': 'a\u0001\u0007\b\t\n\v\f\r\u001b\u007f\u0085\u2028\u2029z',
  'what is not a character': '\uFFFD\uFFFE\uFFFF\uFEFF\u{1FFFE}\u{10FFFF}',
  'white space': '  \u00a0\u3000two  words \n',
  'a name of every object': '__proto__ constructor toString',
  '65,536 letters': 'ä'.repeat(65_536),
  '65,536 emoji': '😀'.repeat(65_536),
  'one word of 65,536 letters': 'w'.repeat(65_536),
}

export const describeEntities = (open: Open, subject: Subject): void => {
  describe(`a ${subject.kind}`, () => {
    test('that was created is read back as it was stored', async () => {
      const { entities, create } = await openEntities(open, subject)
      const stored = toStored(
        await create({ title: 'a', labels: ['b', 'a'], due_at: instantAt(9) }, instantAt(1)),
      )
      const task = JSON.parse(stored.json) as Sample
      expect(task).toMatchObject({
        id: stored.id,
        title: 'a',
        labels: ['b', 'a'],
        due_at: instantAt(9),
        created_at: instantAt(1),
      })
      expect(stored.version).toBe(1)
      expect(await entities.get(stored.id)).toEqual(stored)
    })

    test('that was never created is absent', async () => {
      const { entities, create } = await openEntities(open, subject)
      expect(await entities.get(UNKNOWN)).toBeUndefined()
      await create({ title: 'another' })
      for (const id of [UNKNOWN, '', "' OR 1=1", 'x'.repeat(10_000)])
        expect(await entities.get(id)).toBeUndefined()
    })

    test('is there as soon as its commit is answered, beside many others', async () => {
      const { entities, create } = await openEntities(open, subject)
      const seen = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const stored = toStored(await create({ title: `task ${index}` }))
          return (await entities.get(stored.id))?.json === stored.json
        }),
      )
      expect(seen).toEqual(Array(50).fill(true))
    })

    for (const [name, text] of Object.entries(TEXTS)) {
      test(`keeps ${name} exactly`, async () => {
        const { entities, add, all, history } = await openEntities(open, subject)
        const short = text.slice(0, 50)
        const task = await add({
          title: `t${short}t`,
          description: text,
          labels: [short],
          external_reference_id: short,
        })
        expect(task).toMatchObject({
          description: text,
          labels: [short],
          external_reference_id: short,
        })
        expect(JSON.parse((await entities.get(task.id))?.json ?? '')).toEqual(task)
        expect(await all()).toEqual([task])
        expect(await all({ labels: [short] })).toEqual([task])
        expect(await all({ external_reference_id: [short] })).toEqual([task])
        expect((await history(task.id))[0]?.changes).toMatchObject({
          description: { before: null, after: text },
        })
      })
    }
  })

  describe('the newest id', () => {
    test('is none at first, then the greatest so far', async () => {
      const { repository, add, patch, remove } = await openEntities(open, subject)
      expect(await repository.tasks.maxId()).toBeUndefined()
      const [first, second] = [await add(), await add()]
      expect(await repository.tasks.maxId()).toBe(second.id)
      await patch(first.id, { title: 'changed' })
      await remove(first.id)
      expect(await repository.tasks.maxId()).toBe(second.id)
    })

    test('is the last of many that were created at once', async () => {
      const { repository, add } = await openEntities(open, subject)
      const tasks = await Promise.all(Array.from({ length: 20 }, () => add()))
      expect(await repository.tasks.maxId()).toBe(tasks.at(-1)?.id)
    })

    test('outlives its task', async () => {
      const { repository, add, remove } = await openEntities(open, subject)
      await add()
      const newest = await add()
      await remove(newest.id)
      const known = await repository.tasks.maxId()
      expect(known !== undefined && known >= newest.id).toBe(true)
    })
  })

  describe('a repository', () => {
    test('answers a ping', async () => {
      const { repository } = await openEntities(open, subject)
      await expect(repository.ping()).resolves.toBeUndefined()
    })

    test('that is empty lists nothing', async () => {
      const { all, history } = await openEntities(open, subject)
      expect([await all(), await all({ words: ['a'] }), await history(UNKNOWN)]).toEqual([
        [],
        [],
        [],
      ])
    })

    test('finishes the commits that were begun when it closes', async () => {
      const repository = await open()
      const store = createEntities(repository, subject, createUuids(undefined))
      const task = await store.add()
      const begun = [
        store.create({ title: 'begun' }),
        store.patch(task.id, { title: 'changed' }),
        store.remove(task.id),
      ]
      await repository.close()
      expect((await Promise.all(begun)).map(({ kind }) => kind)).toEqual([
        'stored',
        'stored',
        'deleted',
      ])
    })

    test('finishes the reads that were begun when it closes', async () => {
      const repository = await open()
      const store = createEntities(repository, subject, createUuids(undefined))
      const task = await store.add()
      const { id } = task
      const history = readSlice(store.entities.history(id, 0, 10, WHOLE))
      const begun = Promise.all([
        store.entities.get(id),
        store.all(),
        store.all({ words: ['task'] }),
        history,
      ])
      const settled = Promise.allSettled([begun])
      await repository.close()
      const [result] = await settled
      expect(result).toMatchObject({
        status: 'fulfilled',
        value: [{ id }, [task], [task], [{ type: `${subject.kind}.created` }]],
      })
    })
  })
}
