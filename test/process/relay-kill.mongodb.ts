import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK, type Task } from '#src/task/task.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { NOTES } from '../repository/subject.ts'
import { createEntities } from '../repository/task-store.ts'
import { read, sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import {
  connectTo,
  expectWholeSequence,
  holdRelay,
  publishAll,
  publishInRace,
} from './event-sequence.ts'

const SCRIPT = fileURLToPath(new URL('./publish-and-die.mjs', import.meta.url))

/** A service that publishes nothing by itself, and its database. */
const start = async () => {
  const url = await createDatabaseUrl()
  const db = await connectTo(url)
  await holdRelay(db)
  const service = await startProcess({ DATABASE_URL: url }, createFolder())
  const repository = await openMongoRepository(url, TASK)
  onTestFinished(() => repository.close())
  const notes = createEntities(repository, NOTES, createUuids(undefined))
  return { url, db, tasks: `${service.url}/tasks`, notes }
}

type Started = Awaited<ReturnType<typeof start>>

const send = async (
  url: string,
  method: string,
  body?: unknown,
  key?: string,
): Promise<Task | undefined> => {
  const response = await sendJson(
    url,
    method,
    body,
    key === undefined ? {} : { 'idempotency-key': key },
  )
  expect(response.ok).toBe(true)
  return response.status === 204 ? undefined : ((await response.json()) as Task)
}

/** How many events `write` makes. */
const EVENTS = 10

/**
 * A task that stays, one that is deleted, and one that is deleted while its key is remembered; a
 * record that stays and one that is deleted.
 */
const write = async ({ tasks, notes }: Started, name: string): Promise<void> => {
  const kept = await send(tasks, 'POST', { title: `${name} kept` })
  await send(`${tasks}/${kept?.id}`, 'PATCH', { title: `${name} changed` })
  await send(`${tasks}/${kept?.id}/complete`, 'POST')
  const deleted = await send(tasks, 'POST', { title: `${name} deleted` })
  await send(`${tasks}/${deleted?.id}`, 'DELETE')
  const keyed = await send(tasks, 'POST', { title: `${name} keyed` }, name)
  await send(`${tasks}/${keyed?.id}`, 'DELETE')
  await notes.add({ title: `${name} kept` })
  await notes.remove((await notes.add({ title: `${name} deleted` })).id)
}

const publishAndDie = async (
  url: string,
  number: number,
  moment: 'before' | 'after',
): Promise<NodeJS.Signals | null> => {
  const child = spawn(process.execPath, [SCRIPT, url, String(number), moment], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await once(child, 'exit')
  return child.signalCode
}

const expectHistory = async (tasks: string): Promise<void> => {
  for (const { id, version } of await read<Task[]>(tasks)) {
    const events = await read<{ sequence: number | null }[]>(`${tasks}/${id}/events`)
    expect(events).toHaveLength(version)
  }
}

test.each(['before', 'after'] as const)(
  'a relay that is killed right %s any of its commands leaves no gap and repeats nothing',
  async (moment) => {
    const started = await start()
    const { url, db, tasks } = started
    let number = 1
    for (let isKilled = true; isKilled; number++) {
      await write(started, `turn ${number}`)
      isKilled = (await publishAndDie(url, number, moment)) === 'SIGKILL'
      await expectHistory(tasks)
      await publishAll(db)
      expect(await expectWholeSequence(db)).toBe(EVENTS * number)
    }
    expect(number).toBeGreaterThan(5)
  },
)

test('relays that publish at once, while tasks are written, leave no gap and repeat nothing', async () => {
  const started = await start()
  const { url, db } = started
  const relays = [db, ...(await Promise.all([1, 2, 3].map(() => connectTo(url))))]
  const outcomes: string[] = []
  for (let round = 0; round < 20; round++) {
    const writers = ['a', 'b', 'c'].map((name) => write(started, `${round}${name}`))
    const racing = relays.slice(0, 2 + (round % 3)).map(async (relay) => {
      for (let turn = 0; turn < 3; turn++) outcomes.push(await publishInRace(relay))
    })
    await Promise.all([...writers, ...racing])
  }
  await publishAll(db)
  expect(await expectWholeSequence(db)).toBe(20 * 3 * EVENTS)
  expect(new Set(outcomes)).toEqual(new Set(['published', 'overtaken']))
})
