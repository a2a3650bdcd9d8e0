import { BSON, type Collection, type Db, MongoServerError, MongoWriteConcernError } from 'mongodb'
import { WRITE_CONCERN } from './client.ts'
import { at, type CommitDocument } from './documents.ts'

/**
 * How many bytes of documents one insert command has at most, unless it has a single document: a
 * command may have 16 MB (https://www.mongodb.com/docs/manual/reference/limits/#bson-documents).
 */
const MAX_INSERT_BYTES = 12 * 1024 * 1024

interface Waiting<Request, Result> {
  readonly request: Request
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Gathers the requests of one tick of the event loop, and runs them together at its end. */
const batchPerTick = <Request, Result>(
  run: (batch: readonly Waiting<Request, Result>[]) => Promise<void>,
) => {
  let batch: Waiting<Request, Result>[] = []
  const flush = (): void => {
    const all = batch
    batch = []
    run(all).catch((error: unknown) => {
      for (const { reject } of all) reject(error)
    })
  }
  return (request: Request): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (batch.length === 0) setImmediate(flush)
      batch.push({ request, resolve, reject })
    })
}

/**
 * Reads documents by their ids, with the named fields. Those that are asked for in one tick
 * share a command; they are no more than the calls that run at once. To be called in `runRead`.
 */
export const createDocumentLoader = <Found extends Pick<CommitDocument, '_id'>>(
  collection: Collection<CommitDocument>,
  fields: readonly string[],
) => {
  const projection = Object.fromEntries(fields.map((field) => [field, 1]))

  return batchPerTick<string, Found | undefined>(async (batch) => {
    const ids = [...new Set(batch.map(({ request }) => request))]
    const filter = { _id: { $in: ids }, bucket: { $in: ids.map((id) => at(id).bucket) } }
    const options = { projection, limit: ids.length, batchSize: ids.length + 1 }
    const found = await collection.find<Found>(filter, options).toArray()
    const byId = new Map(found.map((document) => [document._id, document]))
    for (const { request, resolve } of batch) resolve(byId.get(request))
  })
}

/**
 * Inserts new documents. Those of one tick share a command, which costs a server hardly more
 * than a command for one of them; each is inserted, or refused, by itself. To be called in
 * `runWrite`; rejects with what happened to this document.
 */
export const createInsertBatcher = (db: Db, collection: string) =>
  batchPerTick<CommitDocument, void>(async (batch) => {
    await Promise.all(inCommands(batch).map((group) => insertGroup(db, collection, group)))
  })

type NewDocument = Waiting<CommitDocument, void>

/** In groups that fit into a command each. */
const inCommands = (batch: readonly NewDocument[]): readonly (readonly NewDocument[])[] => {
  if (batch.length === 1) return [batch]
  const groups: NewDocument[][] = []
  let left = 0
  for (const one of batch) {
    const size = BSON.calculateObjectSize(one.request)
    if (size > left) {
      groups.push([])
      left = MAX_INSERT_BYTES
    }
    groups.at(-1)?.push(one)
    left -= size
  }
  return groups
}

/** Not by `insertMany`, whose errors do not tell whether the command was sent. */
const insertGroup = async (
  db: Db,
  collection: string,
  group: readonly NewDocument[],
): Promise<void> => {
  const command = {
    insert: collection,
    documents: group.map(({ request }) => request),
    ordered: false,
    writeConcern: WRITE_CONCERN,
  }
  try {
    settle(group, await db.command(command))
  } catch (error) {
    settle(group, error instanceof MongoWriteConcernError ? error.result : {}, error)
  }
}

interface InsertAnswer {
  readonly writeErrors?: readonly { index: number; code: number; errmsg?: string }[]
}

/** Those that were refused fail each by itself, the others with `error`, if there is one. */
const settle = (
  group: readonly NewDocument[],
  { writeErrors = [] }: InsertAnswer,
  error?: unknown,
): void => {
  const refusals = new Map(writeErrors.map((one) => [one.index, one]))
  for (const [index, { resolve, reject }] of group.entries()) {
    const refusal = refusals.get(index)
    if (refusal !== undefined)
      reject(new MongoServerError({ message: refusal.errmsg ?? 'refused', code: refusal.code }))
    else if (error === undefined) resolve()
    else reject(error)
  }
}
