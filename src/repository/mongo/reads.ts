import type { Db, Document } from 'mongodb'
import { type JsonRun, toRun } from '../../core/json-run.ts'
import type { Task } from '../../core/task.ts'
import type { Position, TaskQuery } from '../../core/task-query.ts'
import type { StoredTask } from '../../core/task-repository.ts'
import { reading } from './attempt.ts'
import type { Deadline } from './deadline.ts'
import { at, type EventDocument, eventKey, type PendingEvent, type TaskDocument, toText } from './documents.ts'
import { planList } from './list-plan.ts'
import { createLookups } from './lookups.ts'
import { haveAllTitleKeys } from './title-keys.ts'
import { scanByTitle } from './title-scan.ts'

/** The reads, one command each, but that tasks which are read at once share one. */
export const createReads = (db: Db) => {
  const tasks = db.collection<TaskDocument>('tasks')
  const events = db.collection<EventDocument>('events')
  const lookUp = createLookups(tasks, ['task'])
  let hasTitleKeys = false

  return {
    async get(id: string, deadline: Deadline): Promise<StoredTask | undefined> {
      const found = await reading(deadline, () => lookUp(id))
      return found?.task && { id, version: found.task.version, json: toText(found.task) }
    },

    async list(query: TaskQuery, after: Position | undefined, limit: number, deadline: Deadline): Promise<JsonRun> {
      if (query.sort.key === 'title' && !hasTitleKeys) {
        hasTitleKeys = await reading(deadline, () => haveAllTitleKeys(db))
        if (!hasTitleKeys) return toRun((await scanByTitle(tasks, query, after, limit)).map(toText))
      }
      const { filter, sort } = planList(query, after)
      const options = { projection: TASK, sort, limit, batchSize: limit + 1 }
      const found = await reading(deadline, () => tasks.find<HasTask>(filter, options).toArray())
      return toRun(found.flatMap(({ task }) => (task === undefined ? [] : [toText(task)])))
    },

    /** The published events, and behind them those that still are in the task: as these may be published meanwhile, they are read first. */
    async history(taskId: string, after: number, limit: number, deadline: Deadline): Promise<JsonRun> {
      const range = { $gt: eventKey(taskId, after), $lt: eventKey(taskId, Number.MAX_SAFE_INTEGER) }
      const pipeline: Document[] = [
        { $match: at(taskId) },
        { $unwind: '$pending' },
        { $replaceRoot: { newRoot: '$pending' } },
        { $match: { version: { $gt: after } } },
        { $unionWith: { coll: 'events', pipeline: [{ $match: { event: range } }, { $sort: { event: 1 } }, { $limit: limit }] } },
      ]
      const options = { batchSize: limit + 1 }
      const found = await reading(deadline, () => tasks.aggregate<HistoryEvent>(pipeline, options).toArray())
      const byVersion = new Map<number, HistoryEvent>()
      for (const event of found) if (!byVersion.has(event.version) || event._id !== undefined) byVersion.set(event.version, event)
      const ordered = [...byVersion.values()].sort((a, b) => a.version - b.version)
      return toRun(ordered.slice(0, limit).map(toEventText))
    },

    /** The greatest id of a task that there is or, by its events, was. */
    async newestId(deadline: Deadline): Promise<string | undefined> {
      const [task, event] = await reading(deadline, () =>
        Promise.all([
          tasks.findOne({ _id: { $lt: 'g' } }, { projection: { _id: 1 }, sort: { _id: -1 } }),
          events.findOne({}, { projection: { task_id: 1 }, sort: { event: -1 } }),
        ]),
      )
      const ids = [task?._id, event?.task_id].filter((id) => id !== undefined)
      return ids.sort().at(-1)
    },
  }
}

type HasTask = { readonly task?: Task }
const TASK = { _id: 0, task: 1 } as const

/** An event that is not published yet has no `_id`. */
type HistoryEvent = PendingEvent & { readonly _id?: number }

const toEventText = ({ _id, type, task_id, time, actor, changes }: HistoryEvent): string =>
  JSON.stringify({ sequence: _id ?? null, type, task_id, time, actor, changes })
