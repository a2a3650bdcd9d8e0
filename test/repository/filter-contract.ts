import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tokenize } from '#src/core/search.ts'
import { positionOf } from '#src/core/task-query.ts'
import type { Task } from '#src/task/task.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { addMixed } from './list-contract.ts'
import { ALL_SORTS, filters, listOf, sortName, sorts, type TaskFilter } from './task-model.ts'
import { OLDEST_FIRST, type Open, openStore } from './task-store.ts'

const FILTERS: Readonly<Record<string, TaskFilter>> = {
  'one status': { status: ['in_progress'] },
  'several statuses': { status: ['completed', 'pending'] },
  'a status named twice': { status: ['pending', 'pending'] },
  'one priority': { priority: ['high'] },
  'several priorities': { priority: ['high', 'low'] },
  'status and priority': { status: ['pending', 'completed'], priority: ['medium', 'low'] },
  'one label': { labels: ['ops'] },
  'several labels, all of them': { labels: ['ops', '🚀'] },
  'a label named twice': { labels: ['ÄÖ', 'ÄÖ'] },
  'a due interval': { due_at: { from: instantAt(3), before: instantAt(12) } },
  'due from': { due_at: { from: instantAt(10) } },
  'due before': { due_at: { before: instantAt(10) } },
  'a created interval': { created_at: { from: instantAt(3), before: instantAt(9) } },
  'an updated interval': { updated_at: { from: instantAt(12), before: instantAt(14) } },
  'all three intervals': {
    due_at: { from: instantAt(2) },
    created_at: { before: instantAt(9) },
    updated_at: { from: instantAt(1) },
  },
  'an external reference': { external_reference_id: ['3'] },
  'a beginning of a word': { words: ['bro'] },
  'several words': { words: ['brot', 'but'] },
  'words that mean something in a query language': { words: ['or', 'not', 'and', 'near'] },
  'a word of Han': { words: ['東'] },
  'words and labels': { words: ['b'], labels: ['ops'] },
  'words and a status': { words: ['b'], status: ['pending'] },
  'a reference and labels': { external_reference_id: ['3'], labels: ['🚀'] },
  'a label, a status and a due interval': {
    labels: ['ops'],
    status: ['pending', 'in_progress'],
    due_at: { from: instantAt(1) },
  },
}

const EMPTY: Readonly<Record<string, TaskFilter>> = {
  'an unknown label': { labels: ['nowhere'] },
  'a label in another case': { labels: ['OPS'] },
  'the beginning of a label': { labels: ['op'] },
  'an unknown word': { words: ['xyzzy'] },
  'the end of a word': { words: ['utter'] },
  'a known and an unknown word': { words: ['brot', 'xyzzy'] },
  'an unknown reference': { external_reference_id: ['nowhere'] },
  'an interval that ends before it begins': {
    created_at: { from: instantAt(9), before: instantAt(3) },
  },
  'an interval that ends where it begins': { due_at: { from: instantAt(5), before: instantAt(5) } },
}

export const describeFilters = (open: Open): void => {
  describe('a list that is filtered', () => {
    test('holds exactly what was asked for, in every sort', async () => {
      const store = await openStore(open)
      const tasks = await addMixed(store, 60)
      for (const [name, filter] of Object.entries(FILTERS)) {
        const count = listOf(tasks, filter, OLDEST_FIRST).length
        expect([name, count > 0, count < tasks.length]).toEqual([name, true, true])
        for (const sort of ALL_SORTS) {
          const expected = listOf(tasks, filter, sort)
          expect([name, sortName(sort), await store.list(filter, sort)]).toEqual([
            name,
            sortName(sort),
            expected,
          ])
        }
      }
    })

    test('by something that no task has is empty', async () => {
      const store = await openStore(open)
      await addMixed(store, 60)
      for (const [name, filter] of Object.entries(EMPTY))
        expect([name, await store.list(filter)]).toEqual([name, []])
    })

    const clocks = {
      'in any order': undefined,
      'one after the other': (index: number) => instantAt(Math.floor(index / 3)),
    }

    test.for(Object.entries(clocks))(
      'by anything, in any sort, after any task, of tasks created %s agrees with the model',
      async ([, clock]) => {
        const store = await openStore(open)
        const tasks = await addMixed(store, 60, clock)
        const places = fc.option(fc.constantFrom(...tasks), { nil: undefined })
        await fc.assert(
          fc.asyncProperty(
            filters,
            sorts,
            places,
            fc.integer({ min: 1, max: 80 }),
            async (filter, sort, task, limit) => {
              const after = task && positionOf(task, sort)
              const expected = listOf(tasks, filter, sort, after).slice(0, limit)
              expect(await store.list(filter, sort, after, limit)).toEqual(expected)
            },
          ),
          { numRuns: 200 },
        )
      },
    )
  })

  describe('a search', () => {
    test('is in order while a clock goes back', async () => {
      const { add, list } = await openStore(open)
      const titlesOf = async () => (await list({ words: ['word'] })).map(({ title }) => title)
      for (const seconds of [5, 6, 7]) await add({ title: `word ${seconds}` }, instantAt(seconds))
      const begun = titlesOf()
      await add({ title: 'word 4' }, instantAt(4))
      expect((await begun).slice(-3)).toEqual(['word 5', 'word 6', 'word 7'])
      expect(await titlesOf()).toEqual(['word 4', 'word 5', 'word 6', 'word 7'])
    })

    test('ignores case and accents, and finds beginnings of words in title and description', async () => {
      const { add, list } = await openStore(open)
      const task = await add({
        title: 'Élan vital',
        description: 'Die Straße nach ΟΔΟΣ, İstanbul, 東京',
      })
      await add({ title: 'another one' })
      for (const text of [
        'elan',
        'ÉLAN',
        'e\u0301l',
        'VIT',
        'strasse',
        'STRASS',
        'οδός',
        'istan',
        '京',
        'die el 東',
      ]) {
        expect([text, await list({ words: tokenize(text) })]).toEqual([text, [task]])
      }
    })

    test('finds a task by its words of now, not by those it had', async () => {
      const { add, patch, list } = await openStore(open)
      const { id } = await add({ title: 'before', description: 'kept' })
      await patch(id, { title: 'after' })
      expect(await list({ words: ['before'] })).toEqual([])
      for (const word of ['after', 'kept'])
        expect((await list({ words: [word] })).map((task) => task.id)).toEqual([id])
    })

    test('finds a word of any length by its first 64 characters', async () => {
      const { add, list } = await openStore(open)
      const task = await add({ description: '\u{10400}'.repeat(500) })
      expect(await list({ words: tokenize('\u{10400}'.repeat(80)) })).toEqual([task])
    })

    test('does not find deleted tasks', async () => {
      const { add, remove, list } = await openStore(open)
      const { id } = await add({ title: 'gone', labels: ['l'], external_reference_id: 'r' })
      await remove(id)
      const next = await add({ title: 'next' })
      const filtered: TaskFilter[] = [
        { words: ['gone'] },
        { labels: ['l'] },
        { external_reference_id: ['r'] },
      ]
      for (const filter of filtered) expect(await list(filter)).toEqual([])
      expect(await list()).toEqual([next])
    })
  })

  describe('a task that changes', () => {
    test('moves from list to list', async () => {
      const { add, patch, list } = await openStore(open)
      const { id } = await add({
        labels: ['old', 'both'],
        due_at: instantAt(1),
        external_reference_id: 'old',
      })
      await patch(id, {
        labels: ['both', 'new'],
        due_at: instantAt(50),
        external_reference_id: 'new',
        priority: 'high',
      })
      const idsOf = async (filter: TaskFilter) => (await list(filter)).map((task: Task) => task.id)
      const left: TaskFilter[] = [
        { labels: ['old'] },
        { external_reference_id: ['old'] },
        { due_at: { before: instantAt(2) } },
      ]
      for (const filter of left) expect(await idsOf(filter)).toEqual([])
      const entered: TaskFilter[] = [
        { labels: ['new', 'both'] },
        { external_reference_id: ['new'] },
        { due_at: { from: instantAt(2) } },
      ]
      for (const filter of [...entered, { priority: ['high'] } as const])
        expect(await idsOf(filter)).toEqual([id])
    })

    test('leaves every interval of due dates once it has none', async () => {
      const { add, patch, list } = await openStore(open)
      const { id } = await add({ due_at: instantAt(1) })
      await patch(id, { due_at: null })
      expect(await list({ due_at: { from: instantAt(0) } })).toEqual([])
      expect(
        await list({ due_at: { before: instantAt(90) } }, { key: 'due_at', descending: true }),
      ).toEqual([])
    })
  })
}
