import type { Collection, Document, Filter, Sort } from 'mongodb'
import { type StoredEntity, toStored } from '../../core/commit.ts'
import type { TableEntity } from '../../core/entity.ts'
import { type StoredEvent, toEventText } from '../../core/event.ts'
import { at, type CommitDocument, type Documents, eventKey } from './documents.ts'
import { createSelector, type Item, joinTexts } from './selector.ts'
import { type Deadline, runRead } from './write-outcome.ts'

/**
 * How far texts may have outgrown the sizes that they were selected with, for all of them to be
 * read at once.
 */
const GROWTH = { factor: 2, bytes: 64 * 1024 }

/**
 * What was selected: keys and sizes in order, all texts if they are small, and where the list goes
 * on.
 */
export interface Selection<Key, Place> {
  readonly keys: readonly Key[]
  readonly sizes: readonly number[]
  readonly whole: Buffer | undefined
  readonly next: Place | undefined
}

export type EntityReads = ReturnType<typeof createEntityReads>

/** The reads of the entities of one kind. `load` reads documents with their entity. */
export const createEntityReads = <E extends TableEntity>(
  collection: Collection<CommitDocument>,
  documents: Documents<E>,
  load: (id: string) => Promise<CommitDocument | undefined>,
) => {
  const toEntity = (document: CommitDocument | undefined): StoredEntity | undefined => {
    const entity = document && documents.toState(document).entity
    return entity && toStored(entity)
  }
  const size = { $bsonSize: `$${documents.field}` }
  const selectEntities = createSelector<FoundEntity>()
  const selectEvents = createSelector<HistoryEvent>()
  const ofKind = new RegExp(`^${documents.resource}\\.`)

  /**
   * The published events, and behind them those that still are in the entity: as these may be
   * published meanwhile, they are read first.
   */
  const findEvents = (
    id: string,
    after: number,
    count: number,
    batchSize: number,
    projection?: Document,
  ) => {
    const range = { $gt: eventKey(id, after), $lt: eventKey(id, Number.MAX_SAFE_INTEGER) }
    const project = projection === undefined ? [] : [{ $project: projection }]
    const pipeline: Document[] = [
      { $match: { ...documents.filter, ...at(id) } },
      { $unwind: '$pending' },
      { $replaceRoot: { newRoot: '$pending' } },
      { $match: { version: { $gt: after } } },
      ...project,
      {
        $unionWith: {
          coll: 'events',
          pipeline: [
            { $match: { event: range, type: ofKind } },
            { $sort: { event: 1 } },
            { $limit: count },
            ...project,
          ],
        },
      },
    ]
    return collection.aggregate<HistoryEvent>(pipeline, { batchSize })
  }

  return {
    toEntity,

    get: async (id: string, deadline: Deadline): Promise<StoredEntity | undefined> =>
      toEntity(await runRead(deadline, () => load(id))),

    /** Of what a filter finds, in an order: one more than the limit, if there are as many. */
    select: (
      { filter, sort, limit, wholeBytes, known }: EntitySelect,
      deadline: Deadline,
    ): Promise<Item<FoundEntity>[]> =>
      runRead(deadline, () =>
        selectEntities({
          count: limit + 1,
          wholeBytes,
          find: (isWhole, batchSize) =>
            collection.find<FoundEntity>(filter, {
              sort,
              limit: limit + 1,
              batchSize,
              projection: isWhole ? documents.projection : { ...known, size },
            }),
          toText: (document) => toEntity(document)?.json ?? '',
        }),
      ),

    /**
     * The texts of selected entities, in their order: of all of them, or of the first one if they
     * have outgrown `bytes` by far.
     */
    texts(
      ids: readonly string[],
      bytes: number,
      deadline: Deadline,
    ): Promise<{ bytes: Buffer; count: number }> {
      const read = async (wanted: readonly string[]): Promise<{ bytes: Buffer; count: number }> => {
        const filter = { _id: { $in: wanted }, bucket: { $in: wanted.map((id) => at(id).bucket) } }
        const options = {
          projection: documents.projection,
          limit: wanted.length,
          batchSize: wanted.length + 1,
        }
        const texts = new Map<string, string>()
        let left = bytes * GROWTH.factor + GROWTH.bytes
        for await (const document of collection.find(filter, options)) {
          const text = toEntity(document)?.json
          if (text !== undefined) texts.set(document._id, text)
          left -= text?.length ?? 0
          if (left < 0 && wanted.length > 1) return read(wanted.slice(0, 1))
        }
        const inOrder = wanted.flatMap((id) => texts.get(id) ?? [])
        return { bytes: Buffer.from(inOrder.join()), count: wanted.length }
      }
      return runRead(deadline, () => read(ids))
    },

    /** The next events of an entity after the first `after` ones, by their versions. */
    async history(
      id: string,
      after: number,
      limit: number,
      wholeBytes: number,
      deadline: Deadline,
    ): Promise<Selection<number, number>> {
      const found = await runRead(deadline, () =>
        selectEvents({
          count: limit + 1,
          wholeBytes,
          find: (isWhole, batchSize) =>
            findEvents(
              id,
              after,
              limit + 1,
              batchSize,
              isWhole ? undefined : { version: 1, size: EVENT_SIZE },
            ),
          toText: (event) => toHistoryText(id, event),
        }),
      )
      const items = inOrder(found, ({ document }) => document)
      const next = items.length > limit ? after + limit : undefined
      return { ...toSelection(items, limit, ({ version }) => version), next }
    },

    /**
     * The texts of events after the first `after` ones. An event never changes, nor is it deleted.
     */
    async eventTexts(
      id: string,
      after: number,
      count: number,
      deadline: Deadline,
    ): Promise<Buffer> {
      const found = await runRead(deadline, () => findEvents(id, after, count, count + 1).toArray())
      const ordered = inOrder(found, (event) => event).slice(0, count)
      return Buffer.from(ordered.map((event) => toHistoryText(id, event)).join())
    },
  }
}

export interface EntitySelect {
  readonly filter: Filter<CommitDocument>
  readonly sort: Sort
  readonly limit: number
  readonly wholeBytes: number
  /** The projection of what must be known of each that is not read whole, beside its size. */
  readonly known?: Document
}

/** A document, with its `size` in place of the entity if it was not read whole. */
type FoundEntity = CommitDocument & { readonly size?: number }

const EVENT_SIZE = { $bsonSize: '$$ROOT' } as const

/** An event that is not published yet has no `_id`. */
type HistoryEvent = StoredEvent & { readonly _id?: number; readonly size?: number }

/** The events by their versions, each once: the published one if an event was found twice. */
const inOrder = <T>(found: readonly T[], toEvent: (one: T) => HistoryEvent): T[] => {
  const byVersion = new Map<number, T>()
  for (const one of found) {
    const { version, _id } = toEvent(one)
    if (!byVersion.has(version) || _id !== undefined) byVersion.set(version, one)
  }
  return [...byVersion.values()].sort((a, b) => toEvent(a).version - toEvent(b).version)
}

export const toSelection = <T, Key>(
  items: readonly Item<T>[],
  limit: number,
  toKey: (document: T) => Key,
) => {
  const kept = items.slice(0, limit)
  const whole = joinTexts(kept)
  if (whole !== undefined) return { keys: [], sizes: [], whole }
  return {
    keys: kept.map(({ document }) => toKey(document)),
    sizes: kept.map(({ size }) => size),
    whole,
  }
}

/** Events of 0.1.0 name their task in another field. */
const toHistoryText = (id: string, event: HistoryEvent): string =>
  toEventText(event._id ?? null, { ...event, resource_id: id })
