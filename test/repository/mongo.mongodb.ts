import { MongoClient } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { sweep } from '#src/repository/mongo/publish.ts'
import { TASK } from '#src/task/task.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { COMMANDS, EVERY_COMMAND } from './allowed-commands.ts'
import { ALLOWED, createRecording } from './command-recording.ts'
import { describeRepository } from './repository-contract.ts'
import { describeRestart } from './restart-contract.ts'

const recording = createRecording()

describeRepository('MongoDB', async () =>
  openMongoRepository(await createDatabaseUrl(), TASK, recording.onCommand),
)

describeRestart('MongoDB', async () => {
  const url = await createDatabaseUrl()
  return () => openMongoRepository(url, TASK, recording.onCommand)
})

/** What only some servers or only large answers bring about, and what takes a minute. */
const NOT_EVERYWHERE = new Set([
  'command getMore',
  'command killCursors',
  ...Object.keys(COMMANDS.getMore?.options ?? {}).map((option) => `getMore option ${option}`),
  'killCursors option cursors',
  ...Object.keys(EVERY_COMMAND).map((option) => `any option ${option}`),
])

describe('all that the suite had sent to MongoDB', () => {
  test('with the sweep, which comes once a minute', async () => {
    const client = new MongoClient(await createDatabaseUrl(), { monitorCommands: true })
    onTestFinished(() => client.close())
    client.on('commandStarted', recording.onCommand)
    await sweep(client.db(), new Date())
    expect(recording.seen.get('command delete')).toBeGreaterThan(0)
  })

  test('is on the list of what is allowed', () => {
    expect(recording.refused.slice(0, 9)).toEqual([])
    expect(recording.seen.get('command find')).toBeGreaterThan(1000)
  })

  test('is answered by an index', () => {
    expect(recording.scans.slice(0, 9)).toEqual([])
  })

  test('is all of the list', () => {
    const unused = [...ALLOWED].filter(
      (name) => !recording.seen.has(name) && !NOT_EVERYWHERE.has(name),
    )
    expect(unused).toEqual([])
  })
})
