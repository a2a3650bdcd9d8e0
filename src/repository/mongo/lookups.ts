import type { Collection } from 'mongodb'
import { at, type CommitDocument } from './documents.ts'
import { gather } from './turn.ts'

/**
 * The way to entities' documents by their ids, with the fields that are named. Those that are asked for in one turn of the event loop
 * are read by one command: they are no more than the gate lets in. To be called within `reading`.
 */
export const createLookups = <Found extends Pick<CommitDocument, '_id'>>(
  documents: Collection<CommitDocument>,
  fields: readonly string[],
) => {
  interface Waiting {
    readonly id: string
    readonly resolve: (found: Found | undefined) => void
    readonly reject: (error: unknown) => void
  }

  const projection = Object.fromEntries(fields.map((field) => [field, 1]))

  const findAll = async (ids: readonly string[]): Promise<ReadonlyMap<string, Found>> => {
    const filter = { _id: { $in: ids }, bucket: { $in: ids.map((id) => at(id).bucket) } }
    const options = { projection, limit: ids.length, batchSize: ids.length + 1 }
    const found = await documents.find<Found>(filter, options).toArray()
    return new Map(found.map((document) => [document._id, document]))
  }

  const readGroup = async (group: readonly Waiting[]): Promise<void> => {
    try {
      const found = await findAll([...new Set(group.map(({ id }) => id))])
      for (const { id, resolve } of group) resolve(found.get(id))
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  const add = gather<Waiting>((group) => void readGroup(group))

  return (id: string): Promise<Found | undefined> =>
    new Promise((resolve, reject) => add({ id, resolve, reject }))
}
