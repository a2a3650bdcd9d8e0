import type { Document } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { newContext } from '../request-context.ts'
import { type InsertScript, startScriptedMongodb } from './scripted-mongodb.ts'

const CONFLICT = 112
const SHUTDOWN = 11600
const NOT_PRIMARY = 10107
const REFUSED = { code: 'database_unavailable' }
const UNKNOWN = { code: 'outcome_unknown' }

const start = async (script: InsertScript, options = '') => {
  const { url, inserts, counts, cut } = await startScriptedMongodb(script)
  const repository = await openMongoRepository(url + options, TASK)
  onTestFinished(() => repository.close())
  const service = createTaskService({ table: TASK, repository, newId: createUuids(undefined) })
  /** What became of tasks that are created at once: a title, or an error's code. */
  const createAll = async (titles: readonly string[], description = ''): Promise<unknown[]> => {
    const results = await Promise.allSettled(
      titles.map((title) => service.create(newContext(), { title, description })),
    )
    return results.map((one) =>
      one.status === 'fulfilled' ? JSON.parse(one.value.entity.json).title : one.reason,
    )
  }
  return { createAll, inserts, counts, cut, ping: repository.ping }
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
    const { createAll, inserts } = await start(ok, '&maxPoolSize=10')
    const titles = Array.from({ length: 20 }, (_, index) => `task ${index}`)
    expect(await createAll(titles)).toEqual(titles)
    expect(inserts).toEqual([8, 8, 4])
  })

  test('and wait, all that are let in, leave the service ready', async () => {
    let isSilent = true
    const script: InsertScript = (documents) => (isSilent ? 'silence' : ok(documents))
    const { createAll, ping, cut } = await start(script, '&maxPoolSize=10')
    const titles = Array.from({ length: 20 }, (_, index) => `task ${index}`)
    const created = createAll(titles)
    await ping()
    isSilent = false
    cut()
    expect(await created).toEqual(titles)
  })

  test('fail each by itself, and only these are looked for and sent again', async () => {
    const rounds: Record<string, number>[] = [{ b: SHUTDOWN, d: NOT_PRIMARY }]
    const { createAll, inserts, counts } = await start((documents) =>
      refusing(rounds.shift() ?? {})(documents),
    )
    expect(await createAll(['a', 'b', 'c', 'd', 'e'])).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(inserts[0]).toBe(5)
    expect(inserts.slice(1).reduce((sum, count) => sum + count)).toBe(2)
    expect(counts.finds).toBe(1)
  })

  test('are made again when the server took them back, and only these', async () => {
    const rounds: Record<string, number>[] = [{ b: CONFLICT, c: CONFLICT }, { c: CONFLICT }]
    const { createAll, inserts } = await start((documents) =>
      refusing(rounds.shift() ?? {})(documents),
    )
    expect(await createAll(['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
    expect(inserts).toEqual([3, 2, 1])
  })

  test('were surely not made when the server refuses them all', async () => {
    const { createAll, inserts } = await start(() => ({
      ok: 0,
      code: 13,
      codeName: 'Unauthorized',
      errmsg: 'no',
    }))
    expect(await createAll(['a', 'b'])).toMatchObject([REFUSED, REFUSED])
    expect(inserts).toEqual([2])
  })

  test('are found when the connection breaks after they were stored', async () => {
    const { createAll, inserts, counts } = await start(() => 'store and cut')
    const titles = Array.from({ length: 60 }, (_, index) => `task ${index}`)
    expect(await createAll(titles)).toEqual(titles)
    expect(inserts).toEqual([60])
    expect(counts.finds).toBe(60)
  })

  test('are sent again when the connection breaks before they were stored', async () => {
    const answers = ['cut', 'store and cut'] as const
    const { createAll, inserts } = await start(() => answers[inserts.length - 1] ?? 'silence')
    expect(await createAll(['a'])).toEqual(['a'])
    expect(inserts).toEqual([1, 1])
  })

  test('go into several commands when they are large, of which each fails by itself', async () => {
    const large = '\u{1f680}'.repeat(32_000)
    const answers = new Set([ok])
    const { createAll, inserts } = await start((documents) => {
      const [answer] = answers
      answers.clear()
      return answer?.(documents) ?? 'store and cut'
    })
    const titles = Array.from({ length: 60 }, (_, index) => `task ${index}`)
    expect(await createAll(titles, large)).toEqual(titles)
    expect(inserts.length).toBeGreaterThan(1)
    expect(inserts.reduce((sum, count) => sum + count)).toBe(60)
  })

  test('may have been made when the database never confirms them', async () => {
    const writeConcernError = { code: 64, errmsg: 'waiting for replication timed out' }
    const steppedDown = { code: NOT_PRIMARY, errmsg: 'stepped down' }
    const scripts: readonly (readonly [InsertScript, readonly object[]])[] = [
      [() => 'cut', [UNKNOWN, UNKNOWN]],
      [(documents) => ({ ...ok(documents), writeConcernError: steppedDown }), [UNKNOWN, UNKNOWN]],
      [
        (documents) => ({ ...refusing({ b: NOT_PRIMARY })(documents), writeConcernError }),
        [UNKNOWN, REFUSED],
      ],
      [refusing({ a: SHUTDOWN, b: NOT_PRIMARY }), [UNKNOWN, REFUSED]],
    ]
    await Promise.all(
      scripts.map(async ([script, outcomes]) => {
        const { createAll } = await start(script)
        expect(await createAll(['a', 'b'])).toMatchObject(outcomes)
      }),
    )
    /** Each of them is looked for until its deadline. */
  }, 20_000)
})
