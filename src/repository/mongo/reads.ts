import type { Db } from 'mongodb'
import type { StoredEvent } from '../../core/event.ts'
import type { Task } from '../../core/task.ts'
import { type Position, positionOf, type TaskQuery } from '../../core/task-query.ts'
import { reading } from './attempt.ts'
import type { Deadline } from './deadline.ts'
import {
  type CommitDocument,
  type EventDocument,
  entityOf,
  TASK_DOCUMENTS,
  type TaskDocument,
} from './documents.ts'
import {
  createEntityReads,
  type EntitySelect,
  type Selection,
  toSelection,
} from './entity-reads.ts'
import { planList } from './list-plan.ts'
import { createLookups } from './lookups.ts'
import { haveAllTitleKeys } from './title-keys.ts'
import { type ScannedTitle, scanByTitle } from './title-scan.ts'

/** The reads. Tasks that are read at the same time share a command; a list or a history takes one if its texts are small. */
export const createReads = (db: Db) => {
  const tasks = db.collection<TaskDocument>('tasks')
  const records = db.collection<CommitDocument>('records')
  const events = db.collection<EventDocument>('events')
  const documents = db.collection<CommitDocument>('tasks')
  const lookUp = createLookups<TaskDocument>(documents, ['task'])
  const entityReads = createEntityReads(documents, TASK_DOCUMENTS, lookUp)
  let hasTitleKeys = false

  return {
    ...entityReads,

    /** The next tasks of a list, by their ids. */
    async list(
      query: TaskQuery,
      after: Position | undefined,
      limit: number,
      wholeBytes: number,
      deadline: Deadline,
    ): Promise<Selection<string, Position>> {
      if (query.sort.key === 'title' && !hasTitleKeys) {
        hasTitleKeys = await reading(deadline, () => haveAllTitleKeys(db))
        if (!hasTitleKeys)
          return toTitleSelection(await scanByTitle(tasks, query, after, limit + 1), limit)
      }
      const plan = planList(query, after)
      const known = { [`task.${query.sort.key}`]: 1 }
      const select = { ...plan, limit, wholeBytes, known } as EntitySelect
      const items = await entityReads.select(select, deadline)
      const last = items.length > limit ? items[limit - 1]?.document : undefined
      const next =
        last &&
        positionOf({ ...(last as CommitDocument & FoundTask).task, id: last._id }, query.sort)
      return { ...toSelection(items, limit, ({ _id }) => _id), next }
    },

    /** The greatest id of an entity that there is or, by its events, was. */
    async maxId(deadline: Deadline): Promise<string | undefined> {
      const newest = { projection: { _id: 1 }, sort: { _id: -1 } } as const
      const [task, record, event] = await reading(deadline, () =>
        Promise.all([
          tasks.findOne({ _id: { $lt: 'g' } }, newest),
          records.findOne({ _id: { $lt: 'g' } }, newest),
          events.findOne<StoredEvent>(
            {},
            { projection: { task_id: 1, resource_id: 1 }, sort: { event: -1 } },
          ),
        ]),
      )
      const ids = [task?._id, record?._id, event && entityOf(event)].filter((id) => id != null)
      return ids.sort().at(-1)
    },
  }
}

/** With its sort value alone if it was not read whole. */
interface FoundTask {
  readonly task: Task
}

const toTitleSelection = (
  found: readonly ScannedTitle[],
  limit: number,
): Selection<string, Position> => {
  const kept = found.slice(0, limit)
  const last = found.length > limit ? kept.at(-1) : undefined
  const next = last && { value: last.title, id: last.id }
  return {
    keys: kept.map(({ id }) => id),
    sizes: kept.map(({ size }) => size),
    whole: undefined,
    next,
  }
}
