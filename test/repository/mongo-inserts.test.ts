import { setTimeout as sleep } from 'node:timers/promises'
import type { Document } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTaskService } from '#src/core/task-service.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskIds } from '#src/task-ids.ts'
import { type InsertScript, startScriptedMongodb } from './scripted-mongodb.ts'

const CONFLICT = 112
const SHUTDOWN = 11600
const NOT_PRIMARY = 10107
const REFUSED = { code: 'database_unavailable' }
const UNKNOWN = { code: 'outcome_unknown' }

const start = async (script: InsertScript, { options = '', hello = {} } = {}) => {
  const { url, inserts, cut } = await startScriptedMongodb(script, hello)
  const repository = await openMongoRepository(url + options, TASK)
  onTestFinished(() => repository.close())
  const service = createTaskService({
    table: TASK,
    repository,
    now: Date.now,
    newId: createTaskIds(undefined),
  })
  /** What became of tasks that are created at once: a title, or an error's code. */
  const createAll = async (titles: readonly string[]): Promise<unknown[]> => {
    const results = await Promise.allSettled(
      titles.map((title) => service.create({ title }, 'test')),
    )
    return results.map((one) =>
      one.status === 'fulfilled' ? JSON.parse(one.value.task.json).title : one.reason,
    )
  }
  return { createAll, inserts, cut, ping: repository.ping }
}

const ok = (documents: readonly Document[]): Document => ({ ok: 1, n: documents.length })

/** The documents with these titles are refused with a code each, the others are in. */
const refusing =
  (codes: Readonly<Record<string, number>>) =>
  (documents: readonly Document[]): Document => {
    const writeErrors = documents.flatMap(({ task }, index) => {
      const code = codes[task.title]
      return code === undefined ? [] : [{ index, code, errmsg: 'no' }]
    })
    return { ok: 1, n: documents.length - writeErrors.length, writeErrors }
  }

describe('tasks that are created at once', () => {
  test('share a command', async () => {
    const { createAll, inserts } = await start(ok)
    const titles = Array.from({ length: 60 }, (_, index) => `task ${index}`)
    expect(await createAll(titles)).toEqual(titles)
    expect(await createAll(['later'])).toEqual(['later'])
    expect(inserts).toEqual([60, 1])
  })

  test('are let in as many at once as there are connections for them', async () => {
    const { createAll, inserts } = await start(ok, { options: '&maxPoolSize=10' })
    const titles = Array.from({ length: 20 }, (_, index) => `task ${index}`)
    expect(await createAll(titles)).toEqual(titles)
    expect(inserts).toEqual([8, 8, 4])
  })

  test('and wait, all that are let in, leave the service ready', async () => {
    let isSilent = true
    const script: InsertScript = (documents) => (isSilent ? 'silence' : ok(documents))
    const { createAll, ping, cut } = await start(script, { options: '&maxPoolSize=10' })
    const titles = Array.from({ length: 20 }, (_, index) => `task ${index}`)
    /** The driver repeats a write only if no other command on the pool fails first: those of the start are over by then. */
    await sleep(200)
    const created = createAll(titles)
    await ping()
    isSilent = false
    cut()
    expect(await created).toEqual(titles)
  })

  test('fail each by itself', async () => {
    const { createAll, inserts } = await start(refusing({ b: SHUTDOWN, d: NOT_PRIMARY }))
    expect(await createAll(['a', 'b', 'c', 'd', 'e'])).toMatchObject([
      'a',
      UNKNOWN,
      'c',
      REFUSED,
      'e',
    ])
    expect(inserts).toEqual([5])
  })

  test('are made again when the server took them back, and only these', async () => {
    const rounds: Record<string, number>[] = [{ b: CONFLICT, c: CONFLICT }, { c: CONFLICT }]
    const { createAll, inserts } = await start((documents) =>
      refusing(rounds.shift() ?? {})(documents),
    )
    expect(await createAll(['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
    expect(inserts).toEqual([3, 2, 1])
  })

  test('may all have been made when the majority did not confirm them, but for one that was refused', async () => {
    const writeConcernError = { code: 64, errmsg: 'waiting for replication timed out' }
    const { createAll } = await start((documents) => ({
      ...refusing({ b: NOT_PRIMARY })(documents),
      writeConcernError,
    }))
    expect(await createAll(['a', 'b', 'c'])).toMatchObject([UNKNOWN, REFUSED, UNKNOWN])
  })

  test('may all have been made when a server that is no longer the primary did not confirm them', async () => {
    const writeConcernError = { code: NOT_PRIMARY, errmsg: 'stepped down' }
    const { createAll } = await start((documents) => ({ ...ok(documents), writeConcernError }))
    expect(await createAll(['a', 'b'])).toMatchObject([UNKNOWN, UNKNOWN])
  })

  test('were surely not made when the server refuses them all', async () => {
    const { createAll } = await start(() => ({
      ok: 0,
      code: 13,
      codeName: 'Unauthorized',
      errmsg: 'no',
    }))
    expect(await createAll(['a', 'b'])).toMatchObject([REFUSED, REFUSED])
  })

  test('may all have been made when a part of them is refused, and the connection breaks at the next part', async () => {
    const answers = [refusing({ b: NOT_PRIMARY })]
    const script: InsertScript = (documents) => answers.shift()?.(documents) ?? 'cut'
    const { createAll, inserts } = await start(script, { hello: { maxWriteBatchSize: 3 } })
    expect(await createAll(['a', 'b', 'c', 'd'])).toMatchObject([
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
    ])
    expect(inserts.slice(0, 2)).toEqual([2, 2])
  })

  test('may all have been made when the connection breaks', async () => {
    const { createAll } = await start(() => 'cut')
    expect(await createAll(['a', 'b'])).toMatchObject([UNKNOWN, UNKNOWN])
  })
})
