import type { Document, Filter, Sort } from 'mongodb'
import { TASK_PRIORITIES, TASK_STATUSES } from '../../core/task.ts'
import type { Interval, Position, TaskQuery } from '../../core/task-query.ts'
import {
  type OrderField,
  orderKey,
  priorityRank,
  type TaskDocument,
  titleOrderKey,
  WITHOUT_DATE,
} from './documents.ts'

/** How a list is read: one find, on one index that holds the answer in its order. */
export interface ListPlan {
  readonly filter: Filter<TaskDocument>
  readonly sort: Sort
}

/**
 * A sort's index is led by status and priority, as those of SQLite are: the server merges the ranges of the chosen ones
 * (https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-guideline/ on `$in` before a sort). The whole
 * list in its default order has an index to itself.
 */
export const planList = ({ filter, sort }: TaskQuery, after: Position | undefined): ListPlan => {
  const field = orderField(sort)
  const ranges = new Map<OrderField, Document>([[field, { $gt: '' }]])
  const narrow = (name: OrderField, range: Document): void =>
    void ranges.set(name, { ...ranges.get(name), ...range })

  if (filter.created) narrow('created_at', toRange(filter.created))
  if (filter.updated) narrow('updated_at', toRange(filter.updated))
  if (filter.due) narrow(field === 'due_at_descending' ? field : 'due_at', toRange(filter.due))
  if (after)
    narrow(field, beyond(toOrderKey(sort.key, field, after), sort.descending, ranges.get(field)))

  const isWhole =
    sort.key === 'created_at' && filter.status === undefined && filter.priority === undefined
  return {
    filter: {
      ...(isWhole
        ? {}
        : {
            'task.status': { $in: [...(filter.status ?? TASK_STATUSES)] },
            'task.priority': { $in: [...(filter.priority ?? TASK_PRIORITIES)] },
          }),
      ...(filter.labels && { 'task.labels': { $all: [...filter.labels] } }),
      ...(filter.externalReferenceId !== undefined && {
        'task.external_reference_id': { $eq: filter.externalReferenceId },
      }),
      ...(filter.words && { words: { $all: filter.words.map((word) => new RegExp(`^${word}`)) } }),
      ...Object.fromEntries([...ranges].map(([name, range]) => [`order.${name}`, range])),
    },
    sort: { [`order.${field}`]: sort.descending ? -1 : 1 },
  }
}

export const orderField = ({ key, descending }: TaskQuery['sort']): OrderField => {
  if (key === 'title') return 'title_key'
  return key === 'due_at' && descending ? 'due_at_descending' : key
}

/** The order key of a value is greater than the value itself, so bare values bound it as they should. */
const toRange = ({ from, before }: Interval): Document => ({
  $gte: from ?? EARLIEST,
  $lt: before ?? WITHOUT_DATE.last,
})

/** After the mark of those without a date, before every instant. */
const EARLIEST = '0'

const beyond = (key: string, descending: boolean, range: Document = {}): Document => {
  if (!descending) return { $gt: key }
  return { $lt: range['$lt'] !== undefined && range['$lt'] < key ? range['$lt'] : key }
}

const toOrderKey = (
  key: TaskQuery['sort']['key'],
  field: OrderField,
  { value, id }: Position,
): string => {
  if (key === 'priority') return orderKey(priorityRank(value ?? ''), id)
  if (key === 'title') return titleOrderKey(value ?? '', id)
  if (value !== null) return orderKey(value, id)
  return orderKey(field === 'due_at' ? WITHOUT_DATE.last : WITHOUT_DATE.first, id)
}
