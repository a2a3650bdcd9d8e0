import {
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import { describe, expect, test } from 'vitest'
import { noteSent, reading, writing } from '#src/repository/mongo/attempt.ts'
import { unavailable } from '#src/repository/mongo/database-error.ts'
import type { Deadline } from '#src/repository/mongo/deadline.ts'

const SOON: Deadline = { left: () => 1000 }

const serverError = (code: number) => new MongoServerError({ message: 'no', code })
const notFound = new MongoServerSelectionError('none', {} as never)
/** As Node throws it to whoever writes to a socket that the other side has ended, past the driver. */
const ended = Object.assign(new Error('This socket has been ended by the other party'), {
  code: 'EPIPE',
})
const unconfirmed = new MongoWriteConcernError({
  ok: 1,
  writeConcernError: { code: 10107, errmsg: 'no' },
} as never)

/** A write that left for the server so many times, over the driver's own retries, and failed in the end. */
const failing = (sent: number, error: Error) => () =>
  writing(SOON, async () => {
    for (let count = 0; count < sent; count++) {
      await Promise.resolve()
      noteSent()
    }
    throw error
  })

describe('a write', () => {
  test.each([
    ['never left', 0, notFound, 'database_unavailable'],
    [
      'never left, as the connection broke',
      0,
      new MongoNetworkError('broken'),
      'database_unavailable',
    ],
    [
      'was refused by a server that is not the primary',
      1,
      serverError(10107),
      'database_unavailable',
    ],
    ['was refused so only when it was sent again', 2, serverError(10107), 'outcome_unknown'],
    ['was sent, and the connection broke', 1, new MongoNetworkError('broken'), 'outcome_unknown'],
    ['was sent as the server ended the connection', 1, ended, 'outcome_unknown'],
    ['never left, as the server had ended the connection', 0, ended, 'database_unavailable'],
    ['was sent, and then no server was found', 1, notFound, 'outcome_unknown'],
    ['was interrupted by the end of the server', 1, serverError(11600), 'outcome_unknown'],
    ['was interrupted by an election', 1, serverError(11602), 'outcome_unknown'],
    ['was made, but not by the majority', 1, unconfirmed, 'outcome_unknown'],
  ])('that %s', async (_, sent, error, code) => {
    await expect(failing(sent, error)()).rejects.toMatchObject({ name: 'TaskError', code })
  })

  test('of what is there already fails with that', async () => {
    await expect(failing(1, serverError(11000))()).rejects.toMatchObject({ code: 11000 })
  })

  test.each([112, 16908292])(
    'that the server took back, as it was in the way of another one, is made again: %i',
    async (code) => {
      let count = 0
      const write = async (): Promise<number> => {
        noteSent()
        count += 1
        if (count < 3) throw serverError(code)
        return count
      }
      expect(await writing(SOON, write)).toBe(3)
    },
  )

  test('that the server took back only when it was sent again may have been made', async () => {
    await expect(failing(2, serverError(112))()).rejects.toMatchObject({ code: 'outcome_unknown' })
  })

  test('that is not answered in time may yet be made', async () => {
    const hanging = writing({ left: () => 20 }, () => new Promise(() => {}))
    await expect(hanging).rejects.toMatchObject({ code: 'outcome_unknown' })
  })

  test('whose time is over before it begins never is', async () => {
    let isBegun = false
    const late: Deadline = {
      left() {
        throw unavailable('is busy')
      },
    }
    const write = async () => {
      isBegun = true
    }
    await expect(writing(late, write)).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(isBegun).toBe(false)
  })
})

test('a read that is not answered in time, or fails, is of a database that is not available', async () => {
  const code = 'database_unavailable'
  await expect(reading({ left: () => 20 }, () => new Promise(() => {}))).rejects.toMatchObject({
    code,
  })
  await expect(reading(SOON, () => Promise.reject(serverError(11600)))).rejects.toMatchObject({
    code,
  })
  await expect(reading(SOON, () => Promise.reject(ended))).rejects.toMatchObject({ code })
  await expect(reading(SOON, () => Promise.reject(new Error('ours')))).rejects.toThrow('ours')
})
