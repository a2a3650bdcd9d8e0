import type { Collection, Db } from 'mongodb'
import type { StoredEvent } from '../../core/event.ts'
import { at, type CommitDocument, type EventDocument, eventKey } from './documents.ts'

/** The maximum number of entities whose events are published together. */
export const BATCH = 1000

/**
 * How many of them have their events removed by one command; the commands of a batch run
 * concurrently.
 */
const REMOVED_AT_ONCE = 250

type Waiting = Pick<CommitDocument, '_id' | 'rev' | 'pending' | 'ended' | 'keys'> & {
  readonly link?: { readonly status: string }
}

const HAS_PENDING = { 'pending.time': { $exists: true } } as const

/**
 * Moves the oldest unpublished events from their entities' documents to `events` and numbers them,
 * in a few commands whatever their count. An event is inserted right after the last one or not at
 * all, and that last one is read *before* looking which events are published. So two runs at the
 * same time, or one killed at any point, leave no gap and repeat nothing. Resolves with the number
 * of entities that it found.
 */
export const publish = async (db: Db, fence: number): Promise<number> => {
  const [tasks, records] = collectionsOf(db)
  const [ofTasks, ofRecords] = [await findWaiting(tasks), await findWaiting(records)]
  const waiting = [...ofTasks, ...ofRecords]
  if (waiting.length === 0) return 0
  const pending = waiting.flatMap(toIdentified).sort(byTime)
  await append(db.collection<EventDocument>('events'), pending, fence)
  await remove(tasks, ofTasks)
  await remove(records, ofRecords)
  return waiting.length
}

/** What has documents that commits write. */
const collectionsOf = (db: Db) =>
  [db.collection<CommitDocument>('tasks'), db.collection<CommitDocument>('records')] as const

const findWaiting = (collection: Collection<CommitDocument>): Promise<Waiting[]> =>
  collection
    .find<Waiting>(HAS_PENDING, {
      projection: { rev: 1, pending: 1, ended: 1, keys: 1, 'link.status': 1 },
    })
    .sort({ 'pending.time': 1 })
    .limit(BATCH)
    .batchSize(BATCH + 1)
    .toArray()

type Identified = StoredEvent & { readonly event: string }

const toIdentified = ({ _id, pending }: Waiting): Identified[] =>
  pending.map((event) => ({ ...event, event: eventKey(_id, event.version) }))

const append = async (
  events: Collection<EventDocument>,
  pending: readonly Identified[],
  fence: number,
): Promise<void> => {
  const last = await events.findOne({}, { sort: { _id: -1 }, projection: { _id: 1 } })
  const identities = pending.map(({ event }) => event)
  const known = await events
    .find({ event: { $in: identities } }, { projection: { _id: 0, event: 1 } })
    .batchSize(identities.length + 1)
    .toArray()
  const published = new Set(known.map(({ event }) => event))
  const fresh = pending.filter(({ event }) => !published.has(event))
  const first = (last?._id ?? 0) + 1
  if (fresh.length > 0)
    await events.insertMany(fresh.map((one, index) => ({ _id: first + index, fence, ...one })))
}

/** The events of one entity keep their order, as its times never go back. */
const byTime = (a: Identified, b: Identified): number =>
  a.time < b.time ? -1 : a.time > b.time ? 1 : 0

/**
 * Removes what was published, and tombstones with nothing left to keep. A sharded cluster that
 * moves documents may miss some or return them twice: the next run finds them again, sees that they
 * are published, and removes them.
 */
const remove = async (
  collection: Collection<CommitDocument>,
  waiting: readonly Waiting[],
): Promise<void> => {
  if (waiting.length === 0) return
  const done = waiting
    .filter(isDone)
    .map(({ _id, rev }) => ({ deleteOne: { filter: { ...at(_id), rev } } }))
  const removals = chunksByVersion(waiting.filter((one) => !isDone(one))).map(({ version, ids }) =>
    collection.updateMany(
      { _id: { $in: ids } },
      { $pull: { pending: { version: { $lte: version } } } },
    ),
  )
  await Promise.all([
    ...(done.length === 0 ? [] : [collection.bulkWrite(done, { ordered: false })]),
    ...removals,
  ])
}

const isDone = ({ ended, keys, link }: Waiting): boolean =>
  ended === true && keys.length === 0 && link === undefined

/** The entities whose newest event is of the same version, some at a time. */
const chunksByVersion = (
  waiting: readonly Waiting[],
): { readonly version: number; readonly ids: readonly string[] }[] => {
  const open = new Map<number, string[]>()
  const chunks: { version: number; ids: string[] }[] = []
  for (const { _id, pending } of waiting) {
    const version = pending.at(-1)?.version ?? 0
    let ids = open.get(version)
    if (ids === undefined || ids.length === REMOVED_AT_ONCE) {
      ids = []
      open.set(version, ids)
      chunks.push({ version, ids })
    }
    ids.push(_id)
  }
  return chunks
}

/** When the event that has waited longest was made; undefined when none waits. */
export const oldestPending = async (db: Db): Promise<string | undefined> => {
  const options = { sort: { 'pending.time': 1 }, projection: { 'pending.time': 1 } } as const
  const found = await Promise.all(
    collectionsOf(db).map((one) => one.findOne<Waiting>(HAS_PENDING, options)),
  )
  return found.flatMap((one) => one?.pending[0]?.time ?? []).sort()[0]
}

/** Clears away the keys that expired, and the documents that nothing else is left of. */
export const sweep = async (db: Db, now: Date): Promise<void> => {
  const expired = { expires_at: { $lte: now } }
  const absent = { $exists: false }
  for (const one of collectionsOf(db)) {
    await one.updateMany({ 'keys.expires_at': { $lte: now } }, { $pull: { keys: expired } })
    await one.deleteMany({ ended: true, 'keys.0': absent, 'pending.0': absent, link: absent })
  }
}
