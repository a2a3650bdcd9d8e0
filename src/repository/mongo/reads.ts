import type { Db } from 'mongodb'
import type { TableEntity } from '../../core/entity.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { type Position, positionOf, type TaskQuery } from '../../core/task-query.ts'
import { createDocumentLoader } from './batch-per-tick.ts'
import {
  type CommitDocument,
  createDocuments,
  type EventDocument,
  entityOf,
  type TaskDocument,
} from './documents.ts'
import {
  createEntityReads,
  type EntitySelect,
  type Selection,
  toSelection,
} from './entity-reads.ts'
import { planList } from './list-plan.ts'
import { laterFields } from './migrations.ts'
import { isFilled } from './sort-key-fill.ts'
import { type Scanned, scanBy } from './sort-scan.ts'
import { type Deadline, runRead } from './write-outcome.ts'

/**
 * The reads. Tasks that are read at the same time share a command; a list or a history takes one if
 * its texts are small.
 */
export const createReads = (db: Db, table: FieldTable) => {
  const tasks = db.collection<TaskDocument>('tasks')
  const documents = db.collection<CommitDocument>('tasks')
  const records = db.collection<CommitDocument>('records')
  const events = db.collection<EventDocument>('events')
  const load = createDocumentLoader<TaskDocument>(documents, ['task'])
  const entityReads = createEntityReads(documents, createDocuments(table), load)
  const unfilled = new Map(laterFields(table).map((field) => [field.name, field]))

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
      const field = unfilled.get(query.sort.key)
      if (field !== undefined) {
        if (!(await runRead(deadline, () => isFilled(db, field))))
          return toScanSelection(await scanBy(tasks, table, field, query, after, limit + 1), limit)
        unfilled.delete(field.name)
      }
      const plan = planList(table, query, after)
      const known = { [`task.${query.sort.key}`]: 1 }
      const select = { ...plan, limit, wholeBytes, known } as EntitySelect
      const items = await entityReads.select(select, deadline)
      const last = items.length > limit ? (items[limit - 1]?.document as FoundTask) : undefined
      const next =
        last && positionOf(table.withDefaults({ ...last.task, id: last._id }), query.sort)
      return { ...toSelection(items, limit, ({ _id }) => _id), next }
    },

    /** The greatest id of an entity that there is or, by its events, was. */
    async maxId(deadline: Deadline): Promise<string | undefined> {
      const newest = { projection: { _id: 1 }, sort: { _id: -1 } } as const
      const [task, record, event] = await runRead(deadline, () =>
        Promise.all([
          tasks.findOne({ _id: { $lt: 'g' } }, newest),
          records.findOne({ _id: { $lt: 'g' } }, newest),
          events.findOne({}, { projection: { event: 1 }, sort: { event: -1 } }),
        ]),
      )
      const ids = [task?._id, record?._id, event && entityOf(event.event)]
      return ids
        .filter((id) => id != null)
        .sort()
        .at(-1)
    },
  }
}

/** With its sort value alone if it was not read whole. */
interface FoundTask extends CommitDocument {
  readonly task: TableEntity
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
