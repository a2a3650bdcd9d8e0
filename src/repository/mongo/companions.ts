import type { Db } from 'mongodb'
import type { Companion } from '../../core/companion.ts'
import type { Companions } from '../../core/repository.ts'
import { at, type TaskDocument, toCompanion } from './documents.ts'
import { type Deadline, runRead } from './write-outcome.ts'

type Linked = Pick<TaskDocument, '_id' | 'link'>
const LINK = { projection: { link: 1 } } as const

/** All in one answer, where a server would send the first 101 and wait to be asked for the rest. */
export const atMost = (limit: number) => ({ limit, batchSize: limit + 1 })

/** With a range of states in the match, it is counted in the index alone. */
const COUNT = [
  { $match: { 'link.status': { $gt: '' } } },
  { $group: { _id: '$link.status', count: { $sum: 1 } } },
] as const

/** The reads of companions. All that one call asks for shares its deadline. */
export const createCompanionReads =
  (db: Db) =>
  (deadline: Deadline): Omit<Companions, 'change'> => {
    const tasks = db.collection<TaskDocument>('tasks')
    const find = async (
      filter: object,
      sort: Record<string, 1>,
      limit: number,
    ): Promise<Companion[]> => {
      const found = await runRead(deadline, () =>
        tasks.find<Linked>(filter, { ...LINK, sort, ...atMost(limit) }).toArray(),
      )
      return found.flatMap(({ _id, link }) => (link === undefined ? [] : [toCompanion(_id, link)]))
    }

    return {
      async get(taskId) {
        const found = await runRead(deadline, () => tasks.findOne<Linked>(at(taskId), LINK))
        return found?.link && toCompanion(taskId, found.link)
      },

      /** Companions of version 3 and below have it as `issue.id`. */
      async byReference(reference) {
        const filter = { $or: [{ 'link.reference': reference }, { 'link.issue.id': reference }] }
        return (await find(filter, { _id: 1 }, 1))[0]
      },

      due: (now, limit) =>
        find({ 'link.nextAttemptAt': { $gt: 0, $lte: now } }, { 'link.nextAttemptAt': 1 }, limit),

      inState: (state, after, limit) =>
        find({ 'link.status': state, _id: { $gt: after ?? '' } }, { _id: 1 }, limit),

      async counts() {
        const rows = await runRead(deadline, () =>
          tasks.aggregate<{ _id: string; count: number }>([...COUNT]).toArray(),
        )
        return Object.fromEntries(rows.map(({ _id, count }) => [_id, count]))
      },

      async missing(after, limit) {
        const filter = {
          'link.status': null,
          _id: { $gt: after ?? '', $lt: 'g' },
          task: { $exists: true },
        }
        const options = { projection: { _id: 1 }, sort: { _id: 1 } as const, ...atMost(limit) }
        const found = await runRead(deadline, () =>
          tasks.find<Pick<TaskDocument, '_id'>>(filter, options).toArray(),
        )
        return found.map(({ _id }) => _id)
      },
    }
  }
