import type { Document, Filter, Sort } from 'mongodb'
import type { FieldTable } from '../../core/field-table.ts'
import { type Interval, type Position, type TaskQuery, toParts } from '../../core/task-query.ts'
import type { TaskDocument } from './documents.ts'
import { sortKeyName, toSortKey, WITHOUT_VALUE } from './sort-keys.ts'

/** How a list is read: one find, on one index that holds the answer in its order. */
export interface ListPlan {
  readonly filter: Filter<TaskDocument>
  readonly sort: Sort
}

/**
 * A sort's index is led by the leading fields, as those of SQLite are: the server merges the ranges
 * of the chosen values (https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-guideline/
 * on `$in` before a sort). The whole list in its default order has an index to itself.
 */
export const planList = (
  table: FieldTable,
  query: TaskQuery,
  after: Position | undefined,
): ListPlan => {
  const { sort, descending, leading, exact, lists, intervals, words } = toParts(table, query)
  const key = sortKeyName(sort, descending)
  const ranges = new Map<string, Document>([[key, { $gt: '' }]])
  const narrow = (name: string, range: Document): void =>
    void ranges.set(name, { ...ranges.get(name), ...range })

  for (const { field, part } of intervals) narrow(field === sort ? key : field.name, toRange(part))
  if (after) {
    const place = toSortKey(sort, descending, after.value, after.id)
    narrow(key, beyond(place, descending, ranges.get(key)))
  }

  const isWhole = sort.name === 'created_at' && leading.every(({ part }) => part === undefined)
  return {
    filter: Object.fromEntries([
      ...(isWhole ? [] : leading).map(({ field, part }) => [
        `task.${field.name}`,
        { $in: [...(part ?? field.values)] },
      ]),
      ...lists.map(({ field, part }) => [`task.${field.name}`, { $all: [...part] }]),
      ...exact.map(({ field, part }) => [
        `task.${field.name}`,
        part.length === 1 ? { $eq: part[0] } : { $in: [...part] },
      ]),
      ...(words ? [['words', { $all: words.map((word) => new RegExp(`^${word}`)) }]] : []),
      ...[...ranges].map(([name, range]) => [`order.${name}`, range]),
    ]),
    sort: { [`order.${key}`]: descending ? -1 : 1 },
  }
}

/** The key of a value is greater than the value itself, so bare values bound it as they should. */
const toRange = ({ from, before }: Interval): Document => ({
  $gte: from ?? EARLIEST,
  $lt: before ?? WITHOUT_VALUE.last,
})

/** After the mark of those without a value, before every instant. */
const EARLIEST = '0'

const beyond = (key: string, descending: boolean, range: Document = {}): Document => {
  if (!descending) return { $gt: key }
  return { $lt: range['$lt'] !== undefined && range['$lt'] < key ? range['$lt'] : key }
}
