import type { Collection } from 'mongodb'
import type { Position, TaskQuery } from '../../core/task-query.ts'
import { type TaskDocument, titleOrderKey } from './documents.ts'
import { planList } from './list-plan.ts'
import { createDeadline, runRead } from './write-outcome.ts'

/** How many titles are read by one command. */
const TITLES_PER_READ = 2000

interface Found {
  readonly id: string
  readonly title: string
  /** The order key, in UTF-8. */
  readonly key: Buffer
}

/** A task of the list, and how large it is in the database, in bytes. */
export interface ScannedTitle {
  readonly id: string
  readonly title: string
  readonly size: number
}

interface Titled {
  readonly _id: string
  readonly task: { readonly title: string }
}

/**
 * A list by title while tasks lack their `order.title_key`: reads the titles of all tasks that fit
 * and keeps the first ones, so it takes the time that the number of tasks takes, and little memory.
 * A task that changes while it reads may be left out, as in any list.
 */
export const scanByTitle = async (
  tasks: Collection<TaskDocument>,
  query: TaskQuery,
  after: Position | undefined,
  limit: number,
): Promise<ScannedTitle[]> => {
  const found: ScannedTitle[] = []
  for (let place = after; ; ) {
    const wanted = limit - found.length
    const first = await findFirst(tasks, query, place, wanted)
    found.push(...(await readSizes(tasks, query, first)))
    const last = first.at(-1)
    if (last === undefined || first.length < wanted || found.length === limit) return found
    place = { value: last.title, id: last.id }
  }
}

/** All that a list asks for but its order. */
const filterOf = ({ filter }: TaskQuery) =>
  planList({ filter, sort: { key: 'created_at', descending: false } }, undefined).filter

const findFirst = async (
  tasks: Collection<TaskDocument>,
  query: TaskQuery,
  after: Position | undefined,
  limit: number,
): Promise<readonly Found[]> => {
  const first = createFirst(
    limit,
    query.sort.descending,
    after && titleOrderKey(after.value ?? '', after.id),
  )
  const options = {
    projection: { 'task.title': 1 },
    sort: { _id: 1 },
    limit: TITLES_PER_READ,
    batchSize: TITLES_PER_READ + 1,
  } as const
  for (let lastId = ''; ; ) {
    const filter = { ...filterOf(query), _id: { $gt: lastId } }
    const read = await runRead(createDeadline(), () =>
      tasks.find<Titled>(filter, options).toArray(),
    )
    for (const { _id, task } of read) first.add(_id, task.title)
    if (read.length < TITLES_PER_READ) return first.all()
    lastId = read.at(-1)?._id ?? lastId
  }
}

/** The tasks that still are as they were found. */
const readSizes = async (
  tasks: Collection<TaskDocument>,
  query: TaskQuery,
  found: readonly Found[],
): Promise<ScannedTitle[]> => {
  const filter = { ...filterOf(query), _id: { $in: found.map(({ id }) => id) } }
  const projection = { 'task.title': 1, size: { $bsonSize: '$task' } }
  const options = { projection, batchSize: found.length + 1 } as const
  const read = await runRead(createDeadline(), () =>
    tasks.find<Titled & { readonly size: number }>(filter, options).toArray(),
  )
  const byId = new Map(read.map((one) => [one._id, one]))
  return found.flatMap(({ id, title }) => {
    const one = byId.get(id)
    return one?.task.title === title ? [{ id, title, size: one.size }] : []
  })
}

/** Keeps the first titles after a place. */
const createFirst = (limit: number, descending: boolean, after: string | undefined) => {
  const place = after === undefined ? undefined : Buffer.from(after)
  const compare = (a: Buffer, b: Buffer): number =>
    descending ? Buffer.compare(b, a) : Buffer.compare(a, b)
  let kept: Found[] = []
  let last: Found | undefined

  const cut = (): void => {
    kept = kept.sort((a, b) => compare(a.key, b.key)).slice(0, limit)
    if (kept.length === limit) last = kept.at(-1)
  }

  return {
    add(id: string, title: string): void {
      const key = Buffer.from(titleOrderKey(title, id))
      if (place !== undefined && compare(key, place) <= 0) return
      if (last !== undefined && compare(key, last.key) >= 0) return
      kept.push({ id, title, key })
      if (kept.length >= 2 * limit) cut()
    },
    all(): readonly Found[] {
      cut()
      return kept
    },
  }
}
