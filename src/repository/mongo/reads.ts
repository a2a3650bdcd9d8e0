import type { Db, Document } from 'mongodb'
import { type StoredEntity, toStored } from '../../core/commit.ts'
import type { TableEntity } from '../../core/entity.ts'
import { type StoredEvent, toEventText } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { type Position, positionOf, type TaskQuery } from '../../core/task-query.ts'
import { createTaskLoader } from './batch-per-tick.ts'
import {
  at,
  createDocuments,
  type EventDocument,
  entityOf,
  eventKey,
  type TaskDocument,
} from './documents.ts'
import { planList } from './list-plan.ts'
import { laterFields } from './migrations.ts'
import { createSelector, type Item, joinTexts } from './selector.ts'
import { isFilled } from './sort-key-fill.ts'
import { type Scanned, scanBy } from './sort-scan.ts'
import { type Deadline, runRead } from './write-outcome.ts'

/** How far texts may have outgrown the sizes that they were selected with, for all of them to be read at once. */
const GROWTH = { factor: 2, bytes: 64 * 1024 }

/** What was selected: keys and sizes in order, all texts if they are small, and where the list goes on. */
export interface Selection<Key, Place> {
  readonly keys: readonly Key[]
  readonly sizes: readonly number[]
  readonly whole: Buffer | undefined
  readonly next: Place | undefined
}

/** The reads. Tasks that are read at the same time share a command; a list or a history takes one if its texts are small. */
export const createReads = (db: Db, table: FieldTable) => {
  const tasks = db.collection<TaskDocument>('tasks')
  const events = db.collection<EventDocument>('events')
  const loadTask = createTaskLoader(tasks, ['task'])
  const selectTasks = createSelector<FoundTask>()
  const selectEvents = createSelector<HistoryEvent>()
  const { toText } = createDocuments(table)
  const unfilled = new Map(laterFields(table).map((field) => [field.name, field]))

  /** The published events, and behind them those that still are in the task: as these may be published meanwhile, they are read first. */
  const findEvents = (
    taskId: string,
    after: number,
    count: number,
    batchSize: number,
    projection?: Document,
  ) => {
    const range = { $gt: eventKey(taskId, after), $lt: eventKey(taskId, Number.MAX_SAFE_INTEGER) }
    const project = projection === undefined ? [] : [{ $project: projection }]
    const pipeline: Document[] = [
      { $match: at(taskId) },
      { $unwind: '$pending' },
      { $replaceRoot: { newRoot: '$pending' } },
      { $match: { version: { $gt: after } } },
      ...project,
      {
        $unionWith: {
          coll: 'events',
          pipeline: [
            { $match: { event: range } },
            { $sort: { event: 1 } },
            { $limit: count },
            ...project,
          ],
        },
      },
    ]
    return tasks.aggregate<HistoryEvent>(pipeline, { batchSize })
  }

  return {
    async get(id: string, deadline: Deadline): Promise<StoredEntity | undefined> {
      const found = await runRead(deadline, () => loadTask(id))
      return found?.task && toStored(table.withDefaults(found.task))
    },

    /** The next tasks of a list, by their ids. */
    async list(
      query: TaskQuery,
      after: Position | undefined,
      limit: number,
      wholeBytes: number,
      deadline: Deadline,
    ): Promise<Selection<string, Position>> {
      const field = unfilled.get(query.sort.key)
      if (field !== undefined) {
        if (!(await runRead(deadline, () => isFilled(db, field))))
          return toScanSelection(await scanBy(tasks, table, field, query, after, limit + 1), limit)
        unfilled.delete(field.name)
      }
      const { filter, sort } = planList(table, query, after)
      const options = { sort, limit: limit + 1 }
      const sized = { size: { $bsonSize: '$task' }, [`task.${query.sort.key}`]: 1 }
      const items = await runRead(deadline, () =>
        selectTasks({
          count: limit + 1,
          wholeBytes,
          find: (isWhole, batchSize) =>
            tasks.find<FoundTask>(filter, {
              ...options,
              batchSize,
              projection: isWhole ? TASK : sized,
            }),
          toText: ({ task }) => toText(task),
        }),
      )
      const last = items.length > limit ? items[limit - 1]?.document : undefined
      const next =
        last && positionOf(table.withDefaults({ ...last.task, id: last._id }), query.sort)
      return { ...toSelection(items, limit, ({ _id }) => _id), next }
    },

    /** The texts of selected tasks, in their order: of all of them, or of the first one if they have outgrown `bytes` by far. */
    texts(
      ids: readonly string[],
      bytes: number,
      deadline: Deadline,
    ): Promise<{ bytes: Buffer; count: number }> {
      const read = async (wanted: readonly string[]): Promise<{ bytes: Buffer; count: number }> => {
        const filter = { _id: { $in: wanted }, bucket: { $in: wanted.map((id) => at(id).bucket) } }
        const options = { projection: TASK, limit: wanted.length, batchSize: wanted.length + 1 }
        const texts = new Map<string, string>()
        let left = bytes * GROWTH.factor + GROWTH.bytes
        for await (const { _id, task } of tasks.find<Partial<FoundTask> & { _id: string }>(
          filter,
          options,
        )) {
          if (task !== undefined) texts.set(_id, toText(task))
          left -= texts.get(_id)?.length ?? 0
          if (left < 0 && wanted.length > 1) return read(wanted.slice(0, 1))
        }
        const inOrder = wanted.flatMap((id) => texts.get(id) ?? [])
        return { bytes: Buffer.from(inOrder.join()), count: wanted.length }
      }
      return runRead(deadline, () => read(ids))
    },

    /** The next events of a task after the first `after` ones, by their versions. */
    async history(
      taskId: string,
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
              taskId,
              after,
              limit + 1,
              batchSize,
              isWhole ? undefined : { version: 1, size: EVENT_SIZE },
            ),
          toText: (event) => toHistoryText(taskId, event),
        }),
      )
      const items = inOrder(found, ({ document }) => document)
      const next = items.length > limit ? after + limit : undefined
      return { ...toSelection(items, limit, ({ version }) => version), next }
    },

    /** The texts of events after the first `after` ones. An event never changes, nor is it deleted. */
    async eventTexts(
      taskId: string,
      after: number,
      count: number,
      deadline: Deadline,
    ): Promise<Buffer> {
      const found = await runRead(deadline, () =>
        findEvents(taskId, after, count, count + 1).toArray(),
      )
      const ordered = inOrder(found, (event) => event).slice(0, count)
      return Buffer.from(ordered.map((event) => toHistoryText(taskId, event)).join())
    },

    /** The greatest id of a task that there is or, by its events, was. */
    async maxId(deadline: Deadline): Promise<string | undefined> {
      const [task, event] = await runRead(deadline, () =>
        Promise.all([
          tasks.findOne({ _id: { $lt: 'g' } }, { projection: { _id: 1 }, sort: { _id: -1 } }),
          events.findOne({}, { projection: { event: 1 }, sort: { event: -1 } }),
        ]),
      )
      const ids = [task?._id, event && entityOf(event.event)].filter((id) => id != null)
      return ids.sort().at(-1)
    },
  }
}

interface FoundTask {
  readonly _id: string
  /** Its sort value alone if it was not read whole. */
  readonly task: TableEntity
  readonly size?: number
}

const TASK = { task: 1 } as const
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

const toSelection = <T, Key>(
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

const toScanSelection = (found: readonly Scanned[], limit: number): Selection<string, Position> => {
  const kept = found.slice(0, limit)
  const last = found.length > limit ? kept.at(-1) : undefined
  const next = last && { value: last.value, id: last.id }
  return {
    keys: kept.map(({ id }) => id),
    sizes: kept.map(({ size }) => size),
    whole: undefined,
    next,
  }
}

/** Events of 0.1.0 name their task in another field. */
const toHistoryText = (taskId: string, event: HistoryEvent): string =>
  toEventText(event._id ?? null, { ...event, resource_id: taskId })
