import type { Collection, Filter } from 'mongodb'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import type { Position, TaskQuery } from '../../core/task-query.ts'
import type { TaskDocument } from './documents.ts'
import { planList } from './list-plan.ts'
import { toSortKey } from './sort-keys.ts'
import { createDeadline, runRead } from './write-outcome.ts'

/** How many values are read by one command. */
const VALUES_PER_READ = 2000

interface Found {
  readonly id: string
  readonly value: string | null
  /** The sort key, in UTF-8. */
  readonly key: Buffer
}

/** A task of the list, and how large it is in the database, in bytes. */
export interface Scanned {
  readonly id: string
  readonly value: string | null
  readonly size: number
}

interface Read {
  readonly _id: string
  readonly task: Readonly<Record<string, unknown>>
}

/** What a list is read with while tasks lack their sort keys. */
interface Scan {
  readonly tasks: Collection<TaskDocument>
  readonly field: NamedField
  readonly descending: boolean
  /** All that the list asks for but its order. */
  readonly filter: Filter<TaskDocument>
}

/**
 * A list by a field while tasks lack its sort keys: reads the values of all tasks that fit and
 * keeps the first ones, so it takes the time that the number of tasks takes, and little memory. A
 * task that changes while it reads may be left out, as in any list.
 */
export const scanBy = async (
  tasks: Collection<TaskDocument>,
  table: FieldTable,
  field: NamedField,
  { filter, sort: { descending } }: TaskQuery,
  after: Position | undefined,
  limit: number,
): Promise<Scanned[]> => {
  const unsorted = planList(
    table,
    { filter, sort: { key: 'created_at', descending: false } },
    undefined,
  )
  const scan = { tasks, field, descending, filter: unsorted.filter }
  const found: Scanned[] = []
  for (let place = after; ; ) {
    const wanted = limit - found.length
    const first = await findFirst(scan, place, wanted)
    found.push(...(await readSizes(scan, first)))
    const last = first.at(-1)
    if (last === undefined || first.length < wanted || found.length === limit) return found
    place = { value: last.value, id: last.id }
  }
}

const toValue = ({ field }: Scan, { task }: Read): string | null =>
  (task[field.name] ?? field.initial) as string | null

const findFirst = async (
  scan: Scan,
  after: Position | undefined,
  limit: number,
): Promise<readonly Found[]> => {
  const { tasks, field, descending, filter } = scan
  const keyOf = (value: string | null, id: string): Buffer =>
    Buffer.from(toSortKey(field, descending, value, id))
  const first = createFirst(limit, descending, after && keyOf(after.value, after.id))
  const options = {
    projection: { [`task.${field.name}`]: 1 },
    sort: { _id: 1 },
    limit: VALUES_PER_READ,
    batchSize: VALUES_PER_READ + 1,
  } as const
  for (let lastId = ''; ; ) {
    const read = await runRead(createDeadline(), () =>
      tasks.find<Read>({ ...filter, _id: { $gt: lastId } }, options).toArray(),
    )
    for (const one of read) {
      const value = toValue(scan, one)
      first.add({ id: one._id, value, key: keyOf(value, one._id) })
    }
    if (read.length < VALUES_PER_READ) return first.all()
    lastId = read.at(-1)?._id ?? lastId
  }
}

/** The tasks that still are as they were found. */
const readSizes = async (scan: Scan, found: readonly Found[]): Promise<Scanned[]> => {
  const { tasks, field, filter } = scan
  const projection = { [`task.${field.name}`]: 1, size: { $bsonSize: '$task' } }
  const options = { projection, batchSize: found.length + 1 } as const
  const read = await runRead(createDeadline(), () =>
    tasks
      .find<Read & { readonly size: number }>(
        { ...filter, _id: { $in: found.map(({ id }) => id) } },
        options,
      )
      .toArray(),
  )
  const byId = new Map(read.map((one) => [one._id, one]))
  return found.flatMap(({ id, value }) => {
    const one = byId.get(id)
    return one && toValue(scan, one) === value ? [{ id, value, size: one.size }] : []
  })
}

/** Keeps the first ones after a place. */
const createFirst = (limit: number, descending: boolean, place: Buffer | undefined) => {
  const compare = (a: Buffer, b: Buffer): number =>
    descending ? Buffer.compare(b, a) : Buffer.compare(a, b)
  let kept: Found[] = []
  let last: Found | undefined

  const cut = (): void => {
    kept = kept.sort((a, b) => compare(a.key, b.key)).slice(0, limit)
    if (kept.length === limit) last = kept.at(-1)
  }

  return {
    add(found: Found): void {
      if (place !== undefined && compare(found.key, place) <= 0) return
      if (last !== undefined && compare(found.key, last.key) >= 0) return
      kept.push(found)
      if (kept.length >= 2 * limit) cut()
    },
    all(): readonly Found[] {
      cut()
      return kept
    },
  }
}
