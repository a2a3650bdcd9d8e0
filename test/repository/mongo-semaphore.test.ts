import { expect, test, vi } from 'vitest'
import { createSemaphore } from '#src/repository/mongo/connection.ts'
import type { Deadline } from '#src/repository/mongo/write-outcome.ts'

const SOON: Deadline = { left: () => 20 }
const LATER: Deadline = { left: () => 10_000 }
const TOO_BUSY = { name: 'TaskError', code: 'database_unavailable' }

/** A semaphore for two, and calls through it which run until they are ended. */
const start = () => {
  const runCall = createSemaphore(2)
  const running: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const call = (name: string, deadline = LATER): Promise<string> =>
    runCall(deadline, () => {
      running.push(name)
      return new Promise((resolve, reject) =>
        ends.set(name, (error) => (error ? reject(error) : resolve(name))),
      )
    })
  const end = (name: string, error?: Error): void => ends.get(name)?.(error)
  return { call, end, running }
}

test('lets in so many at once, and the next in their order as one ends or fails', async () => {
  const { call, end, running } = start()
  const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map((name) => call(name))
  await vi.waitFor(() => expect(running).toEqual(['a', 'b']))
  end('b')
  expect(await second).toBe('b')
  await vi.waitFor(() => expect(running).toEqual(['a', 'b', 'c']))
  end('a', new Error('no'))
  await expect(first).rejects.toThrow('no')
  await vi.waitFor(() => expect(running).toEqual(['a', 'b', 'c', 'd']))
  for (const name of ['c', 'd']) end(name)
  expect(await Promise.all([third, fourth])).toEqual(['c', 'd'])
})

test('a call whose turn does not come in time never runs, and takes nobody’s place', async () => {
  const { call, end, running } = start()
  const calls = [call('a'), call('b')]
  await expect(call('late', SOON)).rejects.toMatchObject(TOO_BUSY)
  const next = call('next')
  for (const name of ['a', 'b']) end(name)
  await Promise.all(calls)
  await vi.waitFor(() => expect(running).toEqual(['a', 'b', 'next']))
  const beside = call('beside')
  await vi.waitFor(() => expect(running).toEqual(['a', 'b', 'next', 'beside']))
  for (const name of ['next', 'beside']) end(name)
  expect(await Promise.all([next, beside])).toEqual(['next', 'beside'])
})
