import type { Collection, Db } from 'mongodb'
import type { Delivery, SyncRepository } from '../../core/sync-repository.ts'
import type { IssueLink } from '../../github/issue/issue-link.ts'
import { SYNC_STATUSES, type SyncStatus } from '../../github/issue/task-sync.ts'
import { reading as readingBy, writing as writingBy } from './attempt.ts'
import { isDuplicateKey } from './database-error.ts'
import type { Deadline } from './deadline.ts'
import { at, type TaskDocument } from './documents.ts'
import { hold, type LeaseDocument, release } from './lease.ts'

interface DeliveryDocument {
  readonly _id: string
  readonly received_at: number
  readonly is_open: boolean
  readonly delivery: Delivery
}

interface StateDocument {
  readonly _id: string
  readonly json: string
}

/** So many deliveries are forgotten with one that is closed, so that a great many hold up nothing. */
const FORGOTTEN = 1000

type Linked = Pick<TaskDocument, 'link'>
const LINK = { projection: { _id: 0, link: 1 } } as const

/** All in one answer, where a server would send the first 101 and wait to be asked for the rest. */
const atMost = (limit: number) => ({ limit, batchSize: limit + 1 })

/** With the states named in the match, it is counted in the index alone. */
const COUNT = { $group: { _id: '$link.status', count: { $sum: 1 } } } as const

type SyncCalls = Omit<SyncRepository, 'changeLink' | 'addLink'>

/** The bookkeeping of the GitHub sync beside the changes of links, which are commits. All that one call asks for shares its deadline. */
export const createSyncCalls = (db: Db) => {
  const tasks = db.collection<TaskDocument>('tasks')
  const deliveries = db.collection<DeliveryDocument>('deliveries')
  const states = db.collection<StateDocument>('sync_state')
  const leases: Collection<LeaseDocument> = db.collection('leases')

  const links = async (found: Promise<Linked[]>): Promise<IssueLink[]> =>
    (await found).flatMap(({ link }) => (link === undefined ? [] : [link]))

  return (deadline: Deadline): SyncCalls => {
    const reading = <T>(read: () => Promise<T>): Promise<T> => readingBy(deadline, read)
    const writing = <T>(write: () => Promise<T>): Promise<T> => writingBy(deadline, write)

    return {
      async link(taskId) {
        return (await reading(() => tasks.findOne<Linked>(at(taskId), LINK)))?.link
      },

      async linkOfIssue(issueId) {
        return (
          await reading(() =>
            tasks.findOne<Linked>({ 'link.issue.id': issueId }, { ...LINK, sort: { _id: 1 } }),
          )
        )?.link
      },

      dueLinks: (now, limit) => {
        const options = { ...LINK, sort: { 'link.nextAttemptAt': 1 } as const, ...atMost(limit) }
        return links(
          reading(() =>
            tasks.find<Linked>({ 'link.nextAttemptAt': { $gt: 0, $lte: now } }, options).toArray(),
          ),
        )
      },

      links: (status, after, limit) => {
        const filter = { 'link.status': status, _id: { $gt: after ?? '' } }
        return links(
          reading(() =>
            tasks.find<Linked>(filter, { ...LINK, sort: { _id: 1 }, ...atMost(limit) }).toArray(),
          ),
        )
      },

      async countLinks() {
        const pipeline = [{ $match: { 'link.status': { $in: [...SYNC_STATUSES] } } }, COUNT]
        const rows = await reading(() =>
          tasks.aggregate<{ _id: SyncStatus; count: number }>(pipeline).toArray(),
        )
        return Object.fromEntries(rows.map(({ _id, count }) => [_id, count]))
      },

      async unlinkedTasks(after, limit) {
        const filter = {
          'link.status': null,
          _id: { $gt: after ?? '', $lt: 'g' },
          task: { $exists: true },
        }
        const options = { projection: { _id: 1 }, sort: { _id: 1 } as const, ...atMost(limit) }
        return (
          await reading(() => tasks.find<Pick<TaskDocument, '_id'>>(filter, options).toArray())
        ).map(({ _id }) => _id)
      },

      async addDelivery(delivery) {
        const document = {
          _id: delivery.id,
          received_at: delivery.receivedAt,
          is_open: true,
          delivery,
        }
        try {
          await writing(() => deliveries.insertOne(document))
          return true
        } catch (error) {
          if (isDuplicateKey(error)) return false
          throw error
        }
      },

      async openDeliveries(limit) {
        const options = { sort: { received_at: 1 } as const, ...atMost(limit) }
        return (await reading(() => deliveries.find({ is_open: true }, options).toArray())).map(
          ({ delivery }) => delivery,
        )
      },

      async closeDelivery(id, forgetBefore) {
        await writing(() => deliveries.updateOne({ _id: id }, { $set: { is_open: false } }))
        const old = { is_open: false, received_at: { $lt: forgetBefore } }
        const options = {
          projection: { _id: 1 },
          sort: { received_at: 1 },
          ...atMost(FORGOTTEN),
        } as const
        const forgotten = await reading(() => deliveries.find(old, options).toArray())
        if (forgotten.length > 0)
          await writing(() =>
            deliveries.deleteMany({ _id: { $in: forgotten.map(({ _id }) => _id) } }),
          )
      },

      async readState(name) {
        const found = await reading(() => states.findOne({ _id: name }))
        return found === null ? undefined : (JSON.parse(found.json) as unknown)
      },

      async writeState(name, value) {
        const update = { $set: { json: JSON.stringify(value) } }
        await writing(() => states.updateOne({ _id: name }, update, { upsert: true }))
      },

      acquireLease: (name, holder, lengthMs) => writing(() => hold(leases, name, holder, lengthMs)),
      releaseLease: (name, holder) => writing(() => release(leases, name, holder)),
    }
  }
}
