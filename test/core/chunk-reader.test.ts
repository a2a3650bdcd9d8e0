import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createChunkReader } from '#src/core/chunk-reader.ts'
import {
  createReadBudget,
  LARGE_CHUNK,
  LARGE_WHOLE,
  type ReadBudget,
  SMALL_CHUNK,
} from '#src/core/read-budget.ts'
import { createSliceWalk, type Slice } from '#src/core/slice.ts'

const TOTAL = 4 * LARGE_CHUNK

/** Sizes of small and of large texts; some end where a chunk does. */
const sizes = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 900 }),
    fc.integer({ min: 1, max: LARGE_CHUNK }),
    fc.constantFrom(SMALL_CHUNK, LARGE_CHUNK),
  ),
  { maxLength: 40 },
)

/** The texts of a list, each with its index in front, in slices of `limit`. */
const createList = (texts: readonly string[], limit: number) => {
  const reads: number[] = []
  const readSlice = async (from = 0, wholeBytes = 0): Promise<Slice<number>> => {
    const kept = texts.slice(from, from + limit)
    const whole = kept.join()
    const isWhole = wholeBytes > 0 && whole.length <= wholeBytes
    return {
      whole: isWhole ? Buffer.from(whole) : undefined,
      sizes: isWhole ? [] : kept.map((text) => text.length),
      next: from + limit < texts.length ? from + limit : undefined,
      async read(first, end) {
        const bytes = Buffer.from(kept.slice(first, end).join())
        reads.push(bytes.length)
        return { bytes, end }
      },
    }
  }
  return { readSlice, reads }
}

const toText = (size: number, index: number): string => `${index}`.padEnd(size, '.')

const open = (texts: readonly string[], limit: number, budget: ReadBudget) =>
  createChunkReader(createSliceWalk(createList(texts, limit).readSlice, undefined, budget), budget)

describe('a list that is read in chunks', () => {
  test('comes whole and in order, in chunks of a bounded size or of one text', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 12 }), async (given, limit) => {
        const texts = given.map(toText)
        const reader = open(texts, limit, createReadBudget(TOTAL))
        const chunks: string[] = []
        for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next())
          chunks.push(String(chunk))
        expect(chunks.join()).toBe(texts.join())
        for (const chunk of chunks) if (chunk.length > LARGE_WHOLE) expect(chunk).not.toContain(',')
      }),
      { numRuns: 40 },
    )
  })

  test('is held in memory within the budget, however many readers take nothing more', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: SMALL_CHUNK, max: LARGE_CHUNK }), async (size) => {
        const budget = createReadBudget(TOTAL)
        const readers = Array.from({ length: 40 }, () => {
          const list = createList(
            Array.from({ length: 9 }, (_, index) => toText(size, index)),
            4,
          )
          return {
            ...list,
            reader: createChunkReader(createSliceWalk(list.readSlice, undefined, budget), budget),
          }
        })
        const first = readers.map(({ reader }) => reader.next())
        await idle()
        const held = readers.flatMap(({ reads }) => reads).reduce((sum, bytes) => sum + bytes, 0)
        expect(held).toBeLessThanOrEqual(TOTAL + readers.length * 2 * SMALL_CHUNK)
        for (const { reader } of readers) reader.close()
        await Promise.all(first)
        expect(await (await budget.take(TOTAL, () => true)).release()).toBeUndefined()
      }),
      { numRuns: 20 },
    )
  })

  test('of small texts is served while others hold all of the budget', async () => {
    const budget = createReadBudget(TOTAL)
    await budget.take(TOTAL + SMALL_CHUNK, () => true)
    const texts = Array.from({ length: 30 }, (_, index) => toText(5000, index))
    const reader = open(texts, 10, budget)
    let read = ''
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next())
      read += `,${chunk}`
    expect(read.slice(1)).toBe(texts.join())
  })

  test('of large texts waits for the budget, and goes on as soon as a reader leaves', async () => {
    const budget = createReadBudget(TOTAL)
    const lease = await budget.take(TOTAL + SMALL_CHUNK, () => true)
    const [left, waiting] = [0, 1].map(() => open([toText(LARGE_CHUNK, 0)], 1, budget))
    const read = [left?.next(), waiting?.next()]
    await idle()
    expect(await Promise.race([...read, 'waits'])).toBe('waits')
    left?.close()
    lease.release()
    expect((await Promise.all(read)).map((chunk) => chunk?.length)).toEqual([
      undefined,
      LARGE_CHUNK,
    ])
  })

  test('gives its part of the budget back when a read fails', async () => {
    const budget = createReadBudget(TOTAL)
    const broken = async (): Promise<Slice<number>> => ({
      whole: undefined,
      sizes: [LARGE_CHUNK],
      next: undefined,
      read: () => Promise.reject(new Error('the disk is gone')),
    })
    await expect(
      createChunkReader(createSliceWalk(broken, undefined, budget), budget).next(),
    ).rejects.toThrow('the disk is gone')
    ;(await budget.take(TOTAL + SMALL_CHUNK, () => true)).release()
  })
})

/** Until nothing is left to be done at once. */
const idle = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
