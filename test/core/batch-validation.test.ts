import { describe, expect, test } from 'vitest'
import type { FieldError } from '#src/core/errors.ts'
import { createBatch, MAX_BATCH } from '#src/http/batch-body.ts'
import { TASK } from '#src/task/task.ts'

const { validate: validateBatch } = createBatch(TASK)

const issuesOf = (value: unknown): readonly FieldError[] => {
  const result = validateBatch(value)
  return 'issues' in result ? result.issues : []
}

const pointersOf = (...operations: readonly unknown[]): string[] =>
  issuesOf({ operations }).map(({ pointer }) => pointer)

const create = { op: 'create', task: { title: 'a' } }

describe('a batch', () => {
  test('of every operation is taken as it is', () => {
    const operations = [
      create,
      { op: 'update', id: 'x', task: { title: 'b', due_at: null } },
      { op: 'update', id: 'x', if_match: '"1"', task: {} },
      { op: 'complete', id: 'x' },
      { op: 'delete', id: 'x', if_match: '*' },
    ]
    expect(validateBatch({ operations })).toEqual({ value: { operations } })
  })

  test('may hold a thousand operations and no more, and not none', () => {
    expect(issuesOf({ operations: Array(MAX_BATCH).fill(create) })).toEqual([])
    for (const operations of [[], Array(MAX_BATCH + 1).fill(create)]) {
      expect(issuesOf({ operations })).toEqual([
        { pointer: '#/operations', detail: 'must be an array of 1 to 1000 items' },
      ])
    }
  })

  test('is an object with operations and nothing else', () => {
    for (const value of [null, [], 'x'])
      expect(issuesOf(value)).toEqual([{ pointer: '#', detail: 'must be a JSON object' }])
    expect(issuesOf({})).toEqual([{ pointer: '#/operations', detail: 'is required' }])
    expect(issuesOf({ operations: [create], atomic: true })).toEqual([
      { pointer: '#/atomic', detail: 'is not known: expected one of operations' },
    ])
  })
})

describe('the pointer of an operation that is wrong', () => {
  test('names its place and its field', () => {
    const pointers = pointersOf(
      create,
      { op: 'create', task: {} },
      { op: 'update', task: {} },
      { op: 'update', id: 'x', task: { status: 'no' } },
    )
    expect(pointers).toEqual([
      '#/operations/1/task/title',
      '#/operations/2/id',
      '#/operations/3/task/status',
    ])
  })

  test('names op where that is not known', () => {
    const wrong = [{}, { op: 'upsert' }, { op: 'toString' }, { op: 7 }, { op: ['create'] }]
    expect(pointersOf(...wrong)).toEqual(wrong.map((_, index) => `#/operations/${index}/op`))
    expect(issuesOf({ operations: [{}] })[0]?.detail).toBe(
      'must be one of create, update, complete, delete',
    )
  })

  test('names the operation that is no object', () => {
    expect(issuesOf({ operations: [null, 'x'] })).toEqual([
      { pointer: '#/operations/0', detail: 'must be a JSON object' },
      { pointer: '#/operations/1', detail: 'must be a JSON object' },
    ])
  })

  test('names what the operation does not take', () => {
    expect(
      pointersOf(
        { ...create, id: 'x' },
        { op: 'complete', id: 'x', task: {} },
        { op: 'delete', id: 7 },
      ),
    ).toEqual(['#/operations/0/id', '#/operations/1/task', '#/operations/2/id'])
  })

  test('names fields within fields', () => {
    expect(
      pointersOf({ op: 'create', task: { title: 'a', labels: ['ok', ''], nope: 1 } }).sort(),
    ).toEqual(['#/operations/0/task/labels/1', '#/operations/0/task/nope'])
  })
})

test('a thousand wrong operations are told of in a few lines', () => {
  const issues = issuesOf({
    operations: Array(MAX_BATCH).fill({ op: 'create', task: { a: 1, b: 2, c: 3 } }),
  })
  expect(issues.length).toBeGreaterThan(0)
  expect(issues.length).toBeLessThanOrEqual(32)
})
