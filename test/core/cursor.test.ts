import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromCursor, type Position, positionOf, toCursor } from '#src/core/task-query.ts'
import { TASK } from '#src/task/task.ts'
import { ALL_SORTS, type Sort } from '../repository/task-model.ts'
import { characters, instantAt, sampleTask, tasks } from './task-arbitraries.ts'

const sorts = fc.constantFrom(...ALL_SORTS)

/** A cursor of the shape that toCursor makes, with anything in it. */
const forged = (...parts: readonly unknown[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url')

describe('a cursor', () => {
  test('gives back the position of any task in any sort', () => {
    fc.assert(
      fc.property(tasks, sorts, (task, sort) => {
        const position = positionOf(task, sort)
        expect(fromCursor(TASK, toCursor(TASK, position, sort), sort)).toEqual(position)
      }),
    )
  })

  test('is made of characters that a URL takes as they are', () => {
    fc.assert(
      fc.property(tasks, sorts, (task, sort) => {
        expect(toCursor(TASK, positionOf(task, sort), sort)).toMatch(/^[\w-]+$/)
      }),
    )
  })

  test('is no place in a list with another sort', () => {
    fc.assert(
      fc.property(tasks, sorts, sorts, (task, sort, other) => {
        fc.pre(sort.key !== other.key || sort.descending !== other.descending)
        expect(
          fromCursor(TASK, toCursor(TASK, positionOf(task, sort), sort), other),
        ).toBeUndefined()
      }),
    )
  })

  test('that is garbage is no position', () => {
    const garbage = fc.oneof(fc.string(), fc.string({ unit: characters }), fc.base64String())
    fc.assert(
      fc.property(garbage, sorts, (text, sort) => {
        expect(fromCursor(TASK, text, sort)).toBeUndefined()
      }),
    )
  })

  test('that holds any other JSON is no position', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), sorts, (parts, sort) => {
        expect(fromCursor(TASK, forged(...parts), sort)).toBeUndefined()
      }),
    )
  })

  test('with a value that its sort cannot have is no position', () => {
    const impossible: readonly (readonly [Sort['key'] | 'folded_title', unknown])[] = [
      ['created_at', null],
      ['updated_at', null],
      ['folded_title', null],
      ['priority', null],
      ['priority', 'urgent'],
      ['priority', 'toString'],
      ['folded_title', 7],
      ['created_at', '2026-01-01T00:00:00Z'],
      ['created_at', '2026-01-01'],
      ['due_at', 'never'],
      ['due_at', 0],
    ]
    for (const [key, value] of impossible) {
      const sort: Sort = { key: key === 'folded_title' ? 'title' : key, descending: false }
      expect([key, value, fromCursor(TASK, forged(key, value, 'id'), sort)]).toEqual([
        key,
        value,
        undefined,
      ])
    }
  })

  test('without an id, or with more than it needs, is no position', () => {
    const sort: Sort = { key: 'title', descending: false }
    expect(fromCursor(TASK, forged('folded_title', 'a', 'id'), sort)).toEqual({
      value: 'a',
      id: 'id',
    } satisfies Position)
    for (const cursor of [
      forged('folded_title', 'a', ''),
      forged('folded_title', 'a'),
      forged('folded_title', 'a', 7),
      forged('folded_title', 'a', 'id', 1),
    ]) {
      expect(fromCursor(TASK, cursor, sort)).toBeUndefined()
    }
  })

  test('by title of version 0.1.0, which had another order, is no position', () => {
    expect(
      fromCursor(TASK, forged('title', 'a', 'id'), { key: 'title', descending: false }),
    ).toBeUndefined()
    expect(
      fromCursor(TASK, forged('-title', 'a', 'id'), { key: 'title', descending: true }),
    ).toBeUndefined()
  })

  test('holds the null of a task without a due date', () => {
    const sort: Sort = { key: 'due_at', descending: true }
    const task = sampleTask({ due_at: null })
    expect(fromCursor(TASK, toCursor(TASK, positionOf(task, sort), sort), sort)).toEqual({
      value: null,
      id: task.id,
    })
    expect(positionOf(sampleTask({ due_at: instantAt(1) }), sort).value).toBe(instantAt(1))
  })
})
