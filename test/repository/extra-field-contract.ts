import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Repository } from '#src/core/repository.ts'
import type { Filter, Position, Sort } from '#src/core/task-query.ts'
import { positionOf } from '#src/core/task-query.ts'
import { byCodePoint, instantAt, STATUSES } from '../core/task-arbitraries.ts'
import { describeChanges } from './change-contract.ts'
import { EXTENDED, type Extended, type Opened } from './extra-field.ts'
import { describeFilters } from './filter-contract.ts'
import { describeHistory } from './history-contract.ts'
import { describeLists } from './list-contract.ts'
import { type Subject, tasksOf } from './subject.ts'
import { describeEntities } from './task-contract.ts'
import { mixedDraft } from './task-model.ts'
import { type Open, openStore, readSlice, type Store, toTask, WHOLE } from './task-store.ts'

/** Names that begin with what databases may mistake for an end or for nothing. */
const NAMES = [null, 'ann', 'Bob', 'bob', '!', '~', '~~', ' z', '\u0001', '\u{10FFFF}', 'é', '=']

const SORTS: readonly Sort[] = [false, true].map((descending) => ({ key: 'assignee', descending }))

const draftOf = (index: number) => ({
  ...mixedDraft(index),
  assignee: NAMES[(index * 5) % NAMES.length] ?? null,
})

const fill = (store: Store, count: number): Promise<Extended[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const task = await store.add(draftOf(index), instantAt((index * 3) % 11))
      return task as Extended
    }),
  )

const listed = async (
  { repository }: Store,
  filter: Filter,
  sort: Sort,
  after?: Position,
  limit = 1000,
): Promise<Extended[]> =>
  (await readSlice(repository.tasks.list({ filter, sort }, after, limit, WHOLE))) as Extended[]

const compare = (a: Position, b: Position, { descending }: Sort): number => {
  if ((a.value === null) !== (b.value === null)) return a.value === null ? 1 : -1
  const order = byCodePoint(a.value ?? '', b.value ?? '') || byCodePoint(a.id, b.id)
  return descending ? -order : order
}

const isFound = (task: Extended, filter: Filter): boolean =>
  Object.entries(filter).every(([name, part]) =>
    (part as readonly unknown[]).includes(task[name as 'assignee' | 'status']),
  )

/** The list of a query by its definition, from tasks in memory. */
const listOf = (
  tasks: readonly Extended[],
  filter: Filter,
  sort: Sort,
  after?: Position,
): Extended[] =>
  tasks
    .filter(
      (task) =>
        isFound(task, filter) && (!after || compare(positionOf(task, sort), after, sort) > 0),
    )
    .sort((a, b) => compare(positionOf(a, sort), positionOf(b, sort), sort))

const idsOf = (tasks: readonly Extended[]): string[] => tasks.map(({ id }) => id)

const filters = fc.record(
  {
    assignee: fc.subarray(['ann', 'Bob', '~', '\u{10FFFF}', 'nobody'], { minLength: 1 }),
    status: fc.subarray([...STATUSES], { minLength: 1 }),
  },
  { requiredKeys: [] },
)

/** What holds for any field that a table names: here `assignee`, which only this test knows. */
export const describeExtraField = (
  name: string,
  newDatabase: () => Promise<Opened> | Opened,
): void => {
  const open: Open = Object.assign(async () => (await newDatabase()).extended(), {
    table: EXTENDED,
  })

  /** The suites use what all subjects have in common. */
  const subject = tasksOf(EXTENDED) as unknown as Subject

  describe(`${name} with one more field`, () => {
    describeEntities(open, subject)
    describeLists(open)
    describeFilters(open)
    describeHistory(open, subject)
    describeChanges(open, subject)

    test('is listed by it in both directions, null last, after any task, with any filter', async () => {
      const store = await openStore(open)
      const tasks = await fill(store, 60)
      const places = fc.option(fc.constantFrom(...tasks), { nil: undefined })
      await fc.assert(
        fc.asyncProperty(
          filters,
          fc.constantFrom(...SORTS),
          places,
          fc.integer({ min: 1, max: 70 }),
          async (filter, sort, task, limit) => {
            const after = task && positionOf(task, sort)
            const expected = listOf(tasks, filter, sort, after).slice(0, limit)
            expect(idsOf(await listed(store, filter, sort, after, limit))).toEqual(idsOf(expected))
          },
        ),
        { numRuns: 60 },
      )
    })

    test('pages end where the next one begins', async () => {
      const store = await openStore(open)
      const tasks = await fill(store, 30)
      for (const sort of SORTS) {
        const pages: Extended[] = []
        let after: Position | undefined
        do {
          const slice = await store.repository.tasks.list({ filter: {}, sort }, after, 4, WHOLE)
          pages.push(...((await readSlice(Promise.resolve(slice))) as Extended[]))
          after = slice.next
        } while (after !== undefined)
        expect(idsOf(pages)).toEqual(idsOf(listOf(tasks, {}, sort)))
      }
    })

    test('its changes move the task from list to list and are in the history', async () => {
      const store = await openStore(open)
      const { id } = await store.add({ title: 'a' })
      for (const assignee of ['ann', 'bob', null]) await store.patch(id, { assignee })
      const history = (await store.history(id)).slice(1)
      expect(history.map(({ changes }) => changes['assignee'])).toEqual([
        { before: null, after: 'ann' },
        { before: 'ann', after: 'bob' },
        { before: 'bob', after: null },
      ])
      for (const sort of SORTS) {
        expect(await listed(store, { assignee: ['ann', 'bob'] }, sort)).toEqual([])
        expect(idsOf(await listed(store, {}, sort))).toEqual([id])
      }
    })

    test('tasks from before the field have its default wherever they are read', async () => {
      const database = await newDatabase()
      const earlier = await database.before()
      const before = await openStore(() => withoutClose(earlier))
      const old = await before.add({ title: '{"id":', description: ',"assignee":null' })
      const key = { key: 'k', fingerprint: 'f', now: 0, expiresAt: 1000 }
      const keyed = toTask(await before.create({ title: 'keyed' }, undefined, key))
      await earlier.close()
      for (let round = 1; round <= 2; round++) {
        const repository = await database.extended()
        const store = await openStore(
          Object.assign(() => withoutClose(repository), { table: EXTENDED }),
        )
        await store.add({ title: 'new', assignee: 'ann' })
        const expected = [old, keyed].map((task) => JSON.stringify({ ...task, assignee: null }))
        expect((await repository.tasks.get(old.id))?.json).toBe(expected[0])
        const again = await store.create({ title: 'keyed' }, undefined, key)
        expect(again).toMatchObject({ replayed: true, entity: { json: expected[1] } })
        for (const wholeBytes of [WHOLE, 0]) {
          const query = { filter: {}, sort: { key: 'created_at', descending: false } }
          const slice = repository.tasks.list(query, undefined, 10, wholeBytes)
          const tasks = (await readSlice(slice)) as Extended[]
          expect(tasks.slice(0, 2).map((task) => JSON.stringify(task))).toEqual(expected)
          expect(tasks.slice(2).map(({ assignee }) => assignee)).toEqual(Array(round).fill('ann'))
        }
        await repository.close()
      }
    })

    test('tasks from before the field have none, and can get one', async () => {
      const database = await newDatabase()
      const earlier = await database.before()
      const before = await openStore(() => withoutClose(earlier))
      const old = [await before.add({ title: 'b' }), await before.add({ title: 'a' })]
      await earlier.close()
      const after = await database.extended()
      onTestFinished(() => after.close())
      const store = await openStore(Object.assign(() => withoutClose(after), { table: EXTENDED }))
      const added = await store.add({ title: 'c', assignee: 'ann' })
      const inOrder = async (sort: Sort) => (await listed(store, {}, sort)).map(({ id }) => id)
      const [first, second] = old.map(({ id }) => id)
      expect(await inOrder({ key: 'assignee', descending: false })).toEqual([
        added.id,
        first,
        second,
      ])
      expect(await inOrder({ key: 'assignee', descending: true })).toEqual([
        added.id,
        second,
        first,
      ])
      const changed = toTask(await store.patch(second ?? '', { assignee: 'zoe' }))
      expect(changed).toMatchObject({ title: 'a', assignee: 'zoe', version: 2 })
      expect(Object.keys(changed)).toEqual(Object.keys(added))
      expect((await store.history(changed.id)).at(-1)?.changes).toEqual({
        assignee: { before: null, after: 'zoe' },
      })
      expect(await inOrder({ key: 'assignee', descending: true })).toEqual([
        second,
        added.id,
        first,
      ])
    })
  })
}

const withoutClose = (repository: Repository): Repository => ({
  ...repository,
  close: async () => {},
})
