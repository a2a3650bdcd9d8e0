import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Position, positionOf } from '#src/core/task-query.ts'
import type { Task } from '#src/task/task.ts'
import { titles as anyTitles, instantAt } from '../core/task-arbitraries.ts'
import { ALL_SORTS, listOf, mixedDraft, type Sort, sortName } from './task-model.ts'
import { OLDEST_FIRST, type Open, openStore, type Store, textsOf, WHOLE } from './task-store.ts'

const idsOf = (tasks: readonly Task[]): string[] => tasks.map(({ id }) => id)

/** As a task keeps them. */
const titleTexts = anyTitles.map((title) => title.trim()).filter((title) => title !== '')

/** A clock that often goes back. */
const unordered = (index: number): string => instantAt((index * 3) % 11)

/** Tasks of every kind, some of them changed since. */
export const addMixed = async (
  { add, patch, list }: Store,
  count: number,
  createdAt = unordered,
): Promise<Task[]> => {
  const tasks = await Promise.all(
    Array.from({ length: count }, (_, index) => add(mixedDraft(index), createdAt(index))),
  )
  const changed = tasks.filter((_, index) => index % 7 === 2)
  await Promise.all(
    changed.map(({ id }, index) =>
      patch(id, { description: `changed ${index}` }, instantAt(12 + (index % 3))),
    ),
  )
  return list()
}

const pagesOf = async ({ list }: Store, sort: Sort, limit: number): Promise<Task[][]> => {
  const pages: Task[][] = []
  let last: Task | undefined
  do {
    const page = await list({}, sort, last && positionOf(last, sort), limit)
    pages.push(page)
    last = page.length === limit ? page.at(-1) : undefined
  } while (last !== undefined)
  return pages
}

export const describeLists = (open: Open): void => {
  describe('a list', () => {
    for (const sort of ALL_SORTS) {
      test(`by ${sortName(sort)} is in order, as a whole and in pages`, async () => {
        const store = await openStore(open)
        const expected = listOf(await addMixed(store, 40), {}, sort)
        expect(await store.list({}, sort)).toEqual(expected)
        const pages = await pagesOf(store, sort, 7)
        expect(idsOf(pages.flat())).toEqual(idsOf(expected))
        expect(pages.map(({ length }) => length)).toEqual([7, 7, 7, 7, 7, 5])
      })
    }

    test('goes on after a task that was deleted since, in every sort', async () => {
      const store = await openStore(open)
      await addMixed(store, 60)
      for (const sort of ALL_SORTS) {
        const whole = await store.list({}, sort)
        for (const gone of [
          whole.at(whole.length / 2),
          whole.at(0),
          whole.at(-1),
          whole.at(whole.length / 2 + 1),
        ] as Task[]) {
          await store.remove(gone.id)
          const after = positionOf(gone, sort)
          const expected = listOf(await store.list(), {}, sort, after)
          expect([sortName(sort), idsOf(await store.list({}, sort, after))]).toEqual([
            sortName(sort),
            idsOf(expected),
          ])
        }
      }
    })

    test('goes on after a place where no task is any more, in every sort', async () => {
      const store = await openStore(open)
      const tasks = await addMixed(store, 24)
      for (const sort of ALL_SORTS) {
        for (const [index, { id }] of tasks.entries()) {
          const other = tasks[(index * 5 + 3) % tasks.length] as Task
          const after: Position = { value: other[sort.key], id }
          const found = idsOf(await store.list({}, sort, after))
          expect([sortName(sort), index, found]).toEqual([
            sortName(sort),
            index,
            idsOf(listOf(tasks, {}, sort, after)),
          ])
        }
      }
    })

    test('has ties in the order of their ids, in the direction of the sort', async () => {
      const { add, list } = await openStore(open)
      const tasks = [await add(), await add(), await add()]
      for (const sort of ALL_SORTS) {
        expect(idsOf(await list({}, sort))).toEqual(
          sort.descending ? idsOf(tasks).reverse() : idsOf(tasks),
        )
      }
    })

    test('has tasks without a due date last in both directions', async () => {
      const { add, list } = await openStore(open)
      for (const due_at of [null, instantAt(2), null, instantAt(1)]) await add({ due_at })
      const ways = [false, true].map((descending) => list({}, { key: 'due_at', descending }))
      const [up, down] = (await Promise.all(ways)).map((tasks) => tasks.map(({ due_at }) => due_at))
      expect(up).toEqual([instantAt(1), instantAt(2), null, null])
      expect(down).toEqual([instantAt(2), instantAt(1), null, null])
    })

    test('has titles in order without case and accents, then by code point', async () => {
      const { add, list } = await openStore(open)
      const letters = [
        '\u0301',
        '9',
        'A',
        'a',
        'a\u0301',
        'á',
        'aa',
        'a\u{1F600}',
        'b',
        'E',
        'e\u0301',
        'é',
        'Łódź',
        'Zebra',
        'zoo',
        '~',
      ]
      const others = [
        '\uFF5E',
        'Ω',
        '中',
        '\uD7FF',
        '\uE000',
        '\uFFFD',
        '\u{10000}',
        '\u{1F600}',
        '\u{1F600}\uFFFD',
        '\u{1F600}\u{10000}',
      ]
      const titles = [...letters, ...others, '\u{10FFFF}']
      for (const index of titles.keys())
        await add({ title: titles[(index * 7) % titles.length] ?? '' })
      expect(
        (await list({}, { key: 'title', descending: false })).map(({ title }) => title),
      ).toEqual(titles)
      expect(
        (await list({}, { key: 'title', descending: true })).map(({ title }) => title),
      ).toEqual(titles.reverse())
    })

    test('has any titles in the order of the model, in pages, also as they change', async () => {
      const store = await openStore(open)
      const long = fc
        .tuple(titleTexts, fc.constantFrom('ﷺ', 'ß', 'a\u{1F600}', '각'))
        .map(([text, unit]) => unit.repeat(240) + text)
      const given = fc.sample(
        fc.oneof({ arbitrary: titleTexts, weight: 9 }, { arbitrary: long, weight: 1 }),
        120,
      )
      const statuses = ['pending', 'in_progress', 'completed'] as const
      const tasks = await Promise.all(
        given.map((title, index) => store.add({ title, status: statuses[index % 3] ?? 'pending' })),
      )
      for (const descending of [false, true]) {
        const sort: Sort = { key: 'title', descending }
        expect(idsOf((await pagesOf(store, sort, 7)).flat())).toEqual(
          idsOf(listOf(await store.list(), {}, sort)),
        )
      }
      await Promise.all(
        tasks
          .slice(0, 40)
          .map(({ id }, index) =>
            store.patch(id, { title: given[index + 40] ?? '', status: 'pending' }),
          ),
      )
      await Promise.all(tasks.slice(40, 60).map(({ id }) => store.remove(id)))
      for (const status of [undefined, ['pending'], ['completed', 'in_progress']] as const) {
        const filter = status === undefined ? {} : { status: [...status] }
        const sort: Sort = { key: 'title', descending: false }
        expect(idsOf(await store.list(filter, sort))).toEqual(
          idsOf(listOf(await store.list(), filter, sort)),
        )
      }
    })

    test('has priorities from low to high', async () => {
      const { add, list } = await openStore(open)
      for (const priority of ['medium', 'high', 'low'] as const) await add({ priority })
      const up = await list({}, { key: 'priority', descending: false })
      expect(up.map(({ priority }) => priority)).toEqual(['low', 'medium', 'high'])
    })

    test('is as long as the limit, and shorter only at its end', async () => {
      const store = await openStore(open)
      const ids = idsOf(await addMixed(store, 300))
      for (const limit of [1, 2, 199, 200, 201, 202, 250, 299, 300, 301, 1001]) {
        expect(idsOf(await store.list({}, undefined, undefined, limit))).toEqual(
          ids.slice(0, limit),
        )
      }
    })

    test('of many tasks is the same in pages of any size', async () => {
      const store = await openStore(open)
      const ids = idsOf(await addMixed(store, 300))
      for (const limit of [37, 201, 202]) {
        expect(
          idsOf((await pagesOf(store, { key: 'created_at', descending: false }, limit)).flat()),
        ).toEqual(ids)
      }
    })

    test('shows every commit that was answered', async () => {
      const { add, patch, remove, list } = await openStore(open)
      const [first, second] = [await add(), await add()]
      await patch(first.id, { status: 'completed' })
      expect(idsOf(await list({ status: ['completed'] }))).toEqual([first.id])
      await remove(first.id)
      expect(await list()).toEqual([second])
    })

    test('holds each task as it is stored, to the byte', async () => {
      const { repository, add } = await openStore(open)
      const [first, second] = [await add({ title: 'é"' }), await add()]
      const stored = await Promise.all([first, second].map(({ id }) => repository.tasks.get(id)))
      const expected = stored.map((task) => task?.json).join(',')
      for (const wholeBytes of [WHOLE, 0])
        expect(
          await textsOf(
            await repository.tasks.list(
              { filter: {}, sort: OLDEST_FIRST },
              undefined,
              9,
              wholeBytes,
            ),
          ),
        ).toBe(expected)
    })
  })
}
