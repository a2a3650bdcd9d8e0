import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EMPTY_RUN, type JsonRun, joinRuns, lastTask, toBuffer, withoutLast } from '#src/core/json-run.ts'
import { characters } from './task-arbitraries.ts'

/** Texts that look like the seam between two objects. */
const tricky = fc.constantFrom(',{"id":', '{"id":"x"}', '\\",{\\"id\\":', '},{"sequence":1', '\\', '"', '\\\\",{"id":', 'é😀')
const texts = fc.oneof(tricky, fc.string({ unit: characters }))
const objects = fc.record({ id: texts, title: texts, labels: fc.array(texts, { maxLength: 3 }) })

const toRun = (values: readonly unknown[]): JsonRun => ({
  bytes: Buffer.from(values.map((value) => JSON.stringify(value)).join(',')),
  count: values.length,
})

const parsed = (run: JsonRun): unknown => JSON.parse(`[${run.bytes}]`)

describe('a run', () => {
  test('joined with another holds the objects of both in order', () => {
    fc.assert(
      fc.property(fc.array(objects), fc.array(objects), (a, b) => {
        const joined = joinRuns(toRun(a), toRun(b))
        expect(joined.count).toBe(a.length + b.length)
        expect(parsed(joined)).toEqual([...a, ...b])
      }),
    )
  })

  test('gives its last task, and itself without it', () => {
    fc.assert(
      fc.property(fc.array(objects, { minLength: 1 }), (values) => {
        const run = toRun(values)
        expect(lastTask(run)).toEqual(values.at(-1))
        expect(withoutLast(run).count).toBe(values.length - 1)
        expect(parsed(withoutLast(run))).toEqual(values.slice(0, -1))
      }),
    )
  })

  test('of one object is empty without it', () => {
    expect(withoutLast(toRun([{ id: 'a' }]))).toEqual(EMPTY_RUN)
  })
})

test('a Buffer over bytes sees exactly these bytes', () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4)
  expect([...toBuffer(bytes)]).toEqual([2, 3, 4])
  bytes[0] = 9
  expect(toBuffer(bytes)[0]).toBe(9)
})
