import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AppError } from '#src/core/errors.ts'
import { openFile } from '#src/repository/sqlite/file.ts'
import { createTransactionQueue } from '#src/repository/sqlite/transaction-queue.ts'
import { createFolder } from '../start-app.ts'

/** Turns on a file with one table of numbers, and ways to see what they did. */
const openQueue = () => {
  const path = join(createFolder(), 'tasks.db')
  const { db, close } = openFile(path, ['CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT'])
  const queue = createTransactionQueue(db)
  onTestFinished(() => {
    queue.flush()
    close()
  })
  const insert = db.prepare('INSERT INTO numbers (n) VALUES (?)')
  const count = db.prepare('SELECT count(*) AS count FROM numbers')
  const read = (): Promise<number> => queue.read(() => Number(count.get()?.count))
  const add = (n: number) => queue.write(() => insert.run(n))
  const before = committedIn(path)
  return { db, queue, insert, read, add, transactions: () => committedIn(path) - before }
}

/**
 * How many transactions the write-ahead log holds: after its header of 32 bytes come frames of 24 bytes and a page,
 * and the second word of a frame is zero unless it ends a transaction (https://www.sqlite.org/fileformat2.html#walformat).
 */
const committedIn = (path: string): number => {
  const log = readFileSync(`${path}-wal`)
  const frame = 24 + log.readUInt32BE(8)
  let commits = 0
  for (let at = 32; at + frame <= log.length; at += frame)
    if (log.readUInt32BE(at + 4) > 0) commits += 1
  return commits
}

const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, index) => from + index)

describe('commits of one turn', () => {
  test('share one transaction', async () => {
    const { db, queue, add, read, transactions } = openQueue()
    const within = queue.write(() => db.isTransaction)
    await Promise.all(numbers(100).map(add))
    expect(await within).toBe(true)
    expect(transactions()).toBe(1)
    expect(await read()).toBe(100)
  })

  test('are taken in groups, in their order', async () => {
    const { queue, insert, transactions } = openQueue()
    const order: number[] = []
    const commit = (n: number) =>
      queue.write(() => {
        insert.run(n)
        order.push(n)
      })
    await Promise.all(numbers(600).map(commit))
    expect(order).toEqual(numbers(600))
    expect(transactions()).toBe(3)
  })

  test('are one transaction a turn where each waits for the last', async () => {
    const { add, transactions } = openQueue()
    for (const n of numbers(5)) await add(n)
    expect(transactions()).toBe(5)
  })

  test('are each answered with what they came to', async () => {
    const { queue } = openQueue()
    expect(await Promise.all(numbers(10).map((n) => queue.write(() => n * n)))).toEqual(
      numbers(10).map((n) => n * n),
    )
  })
})

describe('a commit that throws', () => {
  test('rejects alone, undone as a whole, and its neighbours are stored', async () => {
    const { queue, insert, add, read } = openQueue()
    const fault = new Error('a fault')
    const failing = queue.write(() => {
      insert.run(1000)
      throw fault
    })
    const results = await Promise.allSettled([
      ...numbers(20).map(add),
      failing,
      ...numbers(20, 20).map(add),
    ])
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: fault },
    ])
    expect(results[20]?.status).toBe('rejected')
    expect(await read()).toBe(40)
  })

  test('rejects alone where it is the only one, and the next ones go on', async () => {
    const { queue, add, read } = openQueue()
    const failing = queue.write(() => {
      throw new Error('a fault')
    })
    await expect(failing).rejects.toThrow('a fault')
    await add(1)
    expect(await read()).toBe(1)
  })

  test('of what a constraint refuses is a fault of ours, not of the database', async () => {
    const { add, read } = openQueue()
    const results = await Promise.allSettled([add(1), add(1), add(2)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({
      reason: expect.objectContaining({ message: expect.stringContaining('UNIQUE') }),
    })
    expect(results[1]).not.toMatchObject({ reason: expect.any(AppError) })
    expect(await read()).toBe(2)
  })
})

describe('a read', () => {
  test('sees the snapshot of its turn, and a later one sees the commit', async () => {
    const { add, read } = openQueue()
    await add(1)
    expect(await read()).toBe(1)
    const committed = add(2)
    expect(await read()).toBe(1)
    await committed
    expect(await read()).toBe(2)
  })

  test('shares its snapshot with the others of the turn', async () => {
    const { db, queue, read } = openQueue()
    expect(db.isTransaction).toBe(false)
    const reads = [read(), queue.read(() => db.isTransaction)]
    expect(db.isTransaction).toBe(true)
    expect(await Promise.all(reads)).toEqual([0, true])
    expect(db.isTransaction).toBe(false)
  })

  test('sees every commit that was answered, however many go on', async () => {
    const { add, read } = openQueue()
    const seen = await Promise.all(
      numbers(1000).map(async (n) => {
        await add(n)
        return (await read()) > n
      }),
    )
    expect(seen).toEqual(Array(1000).fill(true))
  })

  test('is answered before the commits of its turn, which no stream of reads holds up', async () => {
    const { add, read } = openQueue()
    const order: string[] = []
    let isDone = false
    const reading = async () => {
      while (!isDone) await read()
    }
    const readers = [reading(), reading()]
    const commits = numbers(50).map((n) => add(n).then(() => order.push('commit')))
    await read().then(() => order.push('read'))
    await Promise.all(commits)
    isDone = true
    await Promise.all(readers)
    expect(order[0]).toBe('read')
    expect(order).toHaveLength(51)
  })

  test('that throws leaves nothing behind', async () => {
    const { queue, add, read } = openQueue()
    const failing = () =>
      queue.read(() => {
        throw new Error('a fault')
      })
    await expect(failing()).rejects.toThrow('a fault')
    expect(await read()).toBe(0)
    await add(1)
    expect(await read()).toBe(1)
  })
})

test('settling commits what waits, however much it is', async () => {
  const { db, queue, add, read } = openQueue()
  const waiting = [...numbers(600).map(add), read()]
  queue.flush()
  expect(db.isTransaction).toBe(false)
  await Promise.all(waiting)
  expect(await read()).toBe(600)
})
