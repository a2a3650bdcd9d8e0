import { type Collection, MongoBulkWriteError, MongoServerError } from 'mongodb'
import { type Attempt, currentAttempts, onBehalfOf } from './attempt.ts'
import { outcomeUnknown } from './database-error.ts'
import type { CommitDocument } from './documents.ts'
import { gather } from './turn.ts'

interface Waiting {
  readonly document: CommitDocument
  readonly attempts: readonly Attempt[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The way in for new documents. Those of one turn of the event loop share a command, which costs a server hardly more than that of
 * one; each is inserted, or refused, by itself all the same. They are no more than the gate lets in. To be called within `writing`; rejects
 * with what came of this document.
 */
export const createInserts = (documents: Collection<CommitDocument>) => {
  const add = gather<Waiting>((group) => void insertGroup(documents, group))

  return (document: CommitDocument): Promise<void> =>
    new Promise((resolve, reject) =>
      add({ document, attempts: currentAttempts(), resolve, reject }),
    )
}

const insertGroup = async (
  collection: Collection<CommitDocument>,
  group: readonly Waiting[],
): Promise<void> => {
  const attempts = group.flatMap((one) => one.attempts)
  const documents = group.map(({ document }) => document)
  try {
    await onBehalfOf(attempts, () => collection.insertMany(documents, { ordered: false }))
    for (const { resolve } of group) resolve()
  } catch (error) {
    const failureOf = readFailure(error)
    for (const [index, { resolve, reject }] of group.entries()) {
      const failure = failureOf(index)
      if (failure === undefined) resolve()
      else reject(failure)
    }
  }
}

/** What an error of the command says of each of its documents; undefined for one that was inserted. */
const readFailure = (error: unknown): ((index: number) => unknown) => {
  if (!(error instanceof MongoBulkWriteError)) return () => error
  const refused = new Map(error.result.getWriteErrors().map((one) => [one.index, one]))
  const isUnconfirmed = error.result.getWriteConcernError() !== undefined
  /** Only an error that consists of refusals says that all the others are in. */
  const isOfRefused = [error.writeErrors].flat().length > 0
  const ofAll = isUnconfirmed ? outcomeUnknown(error) : isOfRefused ? undefined : error
  return (index) => {
    const its = refused.get(index)
    return its ? new MongoServerError({ message: its.errmsg ?? 'refused', code: its.code }) : ofAll
  }
}
