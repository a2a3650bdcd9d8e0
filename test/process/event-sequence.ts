import { type Db, MongoClient, type MongoClientOptions, MongoServerError } from 'mongodb'
import { expect, onTestFinished } from 'vitest'
import {
  type CommitDocument,
  type EventDocument,
  entityOf,
  type TaskDocument,
} from '#src/repository/mongo/documents.ts'
import type { LeaseDocument } from '#src/repository/mongo/leases.ts'
import { publish } from '#src/repository/mongo/publish.ts'
import type { RecordDocument } from '#src/repository/mongo/record-documents.ts'

/** The database as it is, beside the service. */
export const connectTo = async (url: string, options: MongoClientOptions = {}): Promise<Db> => {
  const client = await MongoClient.connect(url, options)
  onTestFinished(() => client.close())
  return client.db()
}

/** Keeps every service from publishing: what is published then, the test publishes. */
export const holdRelay = async (db: Db): Promise<void> => {
  const expires_at = new Date(Date.now() + 3_600_000)
  await db
    .collection<LeaseDocument>('leases')
    .insertOne({ _id: 'relay', holder: 'a test', fence: 1, expires_at })
}

/** Publishes until nothing waits any more. */
export const publishAll = async (db: Db): Promise<void> => {
  while ((await publish(db, 2)) > 0);
}

/** As a relay does it: one that was overtaken by another starts over with its next turn. */
export const publishInRace = async (db: Db): Promise<'published' | 'overtaken'> => {
  try {
    await publish(db, 3)
    return 'published'
  } catch (error) {
    if (error instanceof MongoServerError && error.code === 11000) return 'overtaken'
    throw error
  }
}

/**
 * Every event has its place, and the places are 1, 2, 3 and so on; none is there twice, the events of a task are in their order,
 * nothing waits, and no tombstone is left that has no keys to remember. Resolves with the number of events.
 */
export const expectWholeSequence = async (db: Db): Promise<number> => {
  const events = await db.collection<EventDocument>('events').find().sort({ _id: 1 }).toArray()
  expect(events.map(({ _id }) => _id)).toEqual(events.map((_, index) => index + 1))
  const versions = new Map<string, number>()
  for (const { event, version } of events) {
    expect(version, event).toBe((versions.get(entityOf(event)) ?? 0) + 1)
    versions.set(entityOf(event), version)
  }
  const tasks = await db.collection<TaskDocument>('tasks').find().toArray()
  const records = await db.collection<RecordDocument>('records').find().toArray()
  const documents: readonly CommitDocument[] = [...tasks, ...records]
  expect(documents.filter(({ pending }) => pending.length > 0)).toEqual([])
  expect(documents.filter(({ ended, keys }) => ended && keys.length === 0)).toEqual([])
  for (const one of [...tasks.map(({ task }) => task), ...records.map(({ entity }) => entity)])
    if (one !== undefined) expect(versions.get(one.id)).toBe(one.version)
  return events.length
}
