import { setTimeout as sleep } from 'node:timers/promises'
import {
  MongoDriverError,
  type MongoError,
  MongoErrorLabel,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import { describe, expect, test } from 'vitest'
import { createDeadline, runRead, runWrite } from '#src/repository/mongo/write-outcome.ts'

const soon = () => createDeadline(150)
const ample = () => createDeadline(30_000)

const serverError = (code: number) => new MongoServerError({ message: 'no', code })
const labelled = (error: MongoServerError | MongoNetworkError, label: string) => {
  error.addErrorLabel(label)
  return error
}
const named = (name: string, error: MongoError = new MongoNetworkError('no')) =>
  Object.defineProperty(error, 'name', { value: name })
const noServer = new MongoServerSelectionError('none', {} as never)
const broken = new MongoNetworkError('broken')
/** Node throws it past the driver when it writes to a socket that the other side has ended. */
const ended = Object.assign(new Error('This socket has been ended by the other party'), {
  code: 'EPIPE',
})
const unconfirmed = new MongoWriteConcernError({
  ok: 1,
  writeConcernError: { code: 10107, errmsg: 'no' },
} as never)

/** Fails with each of the errors in turn, then with the last one for ever. */
const failing = (...errors: readonly Error[]) => {
  const calls = { count: 0 }
  const send = async (): Promise<never> => {
    const error = errors[Math.min(calls.count, errors.length - 1)]
    calls.count += 1
    throw error
  }
  return { calls, send }
}

const NO_TRACE = async () => undefined

describe('a write that fails again and again', () => {
  test.each([
    ['as there is no server', noServer, 'database_unavailable', 1],
    [
      'as there is no free connection',
      named('MongoWaitQueueTimeoutError', new MongoDriverError('no')),
      'database_unavailable',
      1,
    ],
    ['as the user may not write', serverError(13), 'database_unavailable', 1],
    [
      'as the user may not log in',
      labelled(serverError(18), MongoErrorLabel.HandshakeError),
      'database_unavailable',
      1,
    ],
    [
      'as no connection can be established',
      labelled(new MongoNetworkError('refused'), MongoErrorLabel.SystemOverloadedError),
      'database_unavailable',
      undefined,
    ],
    [
      'as the pool was cleared before it got a connection',
      named('MongoPoolClearedError'),
      'database_unavailable',
      undefined,
    ],
    ['as the server is not the primary', serverError(10107), 'database_unavailable', undefined],
    ['as another write is in the way', serverError(112), 'database_unavailable', undefined],
    ['as the connection breaks', broken, 'outcome_unknown', undefined],
    ['as the server has ended the connection', ended, 'outcome_unknown', undefined],
    [
      'as the pool was cleared while it waited for an answer',
      named('PoolClearedOnNetworkError'),
      'outcome_unknown',
      undefined,
    ],
    ['as the server shuts down', serverError(11600), 'outcome_unknown', undefined],
    ['as there is an election', serverError(11602), 'outcome_unknown', undefined],
    ['as the majority does not confirm it', unconfirmed, 'outcome_unknown', undefined],
  ])('%s', async (_, error, code, attempts) => {
    const { calls, send } = failing(error)
    await expect(runWrite(soon(), send, NO_TRACE)).rejects.toMatchObject({
      name: 'TaskError',
      code,
    })
    if (attempts === undefined) expect(calls.count).toBeGreaterThan(1)
    else expect(calls.count).toBe(attempts)
  })
})

describe('a write that may have been made', () => {
  test('is looked for, and sent again if there is no trace of it', async () => {
    const looks: (string | undefined)[] = [undefined, undefined, 'made']
    const { calls, send } = failing(broken)
    expect(await runWrite(ample(), send, async () => looks.shift())).toBe('made')
    expect(calls.count).toBe(3)
  })

  test('is known when it is sent again and the database answers', async () => {
    const repeated: boolean[] = []
    const send = async (isRepeated: boolean) => {
      repeated.push(isRepeated)
      if (repeated.length < 3) throw broken
      return 'made'
    }
    expect(await runWrite(ample(), send, NO_TRACE)).toBe('made')
    expect(repeated).toEqual([false, true, true])
  })

  test.each([
    ['refused', serverError(10107)],
    ['refused for good', serverError(13)],
    ['taken back', serverError(112)],
    ['never sent', noServer],
  ])('stays unknown when the next attempt is %s', async (_, error) => {
    const { send } = failing(broken, error)
    await expect(runWrite(soon(), send, NO_TRACE)).rejects.toMatchObject({
      code: 'outcome_unknown',
    })
  })

  test('stays unknown until the database answers a look', async () => {
    const look = () => runRead(ample(), () => Promise.reject(serverError(96)))
    const { calls, send } = failing(broken)
    await expect(runWrite(soon(), send, look)).rejects.toMatchObject({ code: 'outcome_unknown' })
    expect(calls.count).toBe(1)
    let failures = 3
    const lookAgain = () => (failures-- > 0 ? look() : Promise.resolve('made'))
    expect(await runWrite(ample(), send, lookAgain)).toBe('made')
  })

  test('is not sent again when the time is over', async () => {
    const { calls, send } = failing(broken)
    const slowLook = async () => void (await sleep(60))
    const written = runWrite(createDeadline(30), send, slowLook)
    await expect(written).rejects.toMatchObject({ code: 'outcome_unknown' })
    await slowLook()
    expect(calls.count).toBe(1)
  })
})

test('a document that is there already is looked at, or the error says so', async () => {
  const { calls, send } = failing(serverError(11000))
  expect(await runWrite(ample(), send, async () => 'its owner')).toBe('its owner')
  expect(calls.count).toBe(1)
  await expect(runWrite(ample(), send)).rejects.toMatchObject({ code: 11000 })
  await expect(runWrite(ample(), failing(broken, serverError(11000)).send)).rejects.toMatchObject({
    code: 11000,
  })
})

test('nothing was written when the document was there and cannot be looked at', async () => {
  const look = () => runRead(ample(), () => Promise.reject(serverError(96)))
  await expect(runWrite(ample(), failing(serverError(11000)).send, look)).rejects.toMatchObject({
    code: 'database_unavailable',
  })
})

test.each([112, 16908292, 10107])(
  'a write that the server did not make is sent again: %i',
  async (code) => {
    let count = 0
    const send = async (isRepeated: boolean) => {
      count += 1
      if (count < 3) throw serverError(code)
      return { count, isRepeated }
    }
    expect(await runWrite(ample(), send)).toEqual({ count: 3, isRepeated: false })
  },
)

test('a write that is not answered in time may yet be made', async () => {
  await expect(runWrite(createDeadline(20), () => new Promise(() => {}))).rejects.toMatchObject({
    code: 'outcome_unknown',
  })
})

test('a write whose time is over before it begins is never sent', async () => {
  const { calls, send } = failing(broken)
  await expect(runWrite(createDeadline(0), send)).rejects.toMatchObject({
    code: 'database_unavailable',
  })
  expect(calls.count).toBe(0)
})

test('a programming error is thrown as it is', async () => {
  await expect(runWrite(ample(), () => Promise.reject(new TypeError('ours')))).rejects.toThrow(
    TypeError,
  )
  await expect(
    runWrite(ample(), failing(broken).send, () => Promise.reject(new TypeError('ours'))),
  ).rejects.toThrow(TypeError)
})

test('a read that fails or is not answered in time is database_unavailable', async () => {
  const code = 'database_unavailable'
  const hanging = runRead(createDeadline(20), () => new Promise(() => {}))
  await expect(hanging).rejects.toMatchObject({ code })
  for (const error of [serverError(11600), ended, broken])
    await expect(runRead(soon(), () => Promise.reject(error))).rejects.toMatchObject({ code })
  await expect(runRead(ample(), () => Promise.reject(new Error('ours')))).rejects.toThrow('ours')
})

test('a read whose connection breaks is repeated, one that the server refuses is not', async () => {
  const errors = [broken, ended, broken]
  const read = async () => {
    const error = errors.shift()
    if (error !== undefined) throw error
    return 'found'
  }
  expect(await runRead(ample(), read)).toBe('found')
  const { calls, send } = failing(serverError(96))
  await expect(runRead(ample(), send)).rejects.toMatchObject({ code: 'database_unavailable' })
  expect(calls.count).toBe(1)
})
