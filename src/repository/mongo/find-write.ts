import { BSON, type Collection, type Document, type UpdateFilter } from 'mongodb'
import type { StoredEvent } from '../../core/event.ts'
import { outcomeUnknown } from './database-error.ts'
import { at, type CommitDocument, type EventDocument, eventKey } from './documents.ts'

/** Where a commit is to be found: in the entity's document, and its event later in `events`. */
export interface Collections {
  readonly documents: Collection<CommitDocument>
  readonly events: Collection<EventDocument>
}

/** Whether a document was inserted: it is there or, if the entity is gone since, its event is. */
export const isInserted = async (
  { documents, events }: Collections,
  { _id, pending }: CommitDocument,
): Promise<boolean> => {
  const found = await documents.findOne(at(_id), { projection: { _id: 1 } })
  return found !== null || (await isPublished(events, pending[0]))
}

/**
 * Whether an update of a document at revision `rev` was made. False: another writer was first.
 * Undefined: the document still is at that revision, so the update may be sent again. Throws
 * `outcome_unknown` when it left no trace that could be told from that of another one.
 */
export const isUpdated = async (
  { documents, events }: Collections,
  id: string,
  rev: number,
  update: UpdateFilter<CommitDocument>,
): Promise<boolean | undefined> => {
  const found = await documents.findOne(at(id))
  if (found?.rev === rev) return undefined
  const event = update.$push?.pending as StoredEvent | undefined
  if (event !== undefined)
    return found?.pending.some((one) => isEqual(one, event)) || isPublished(events, event)
  if (found !== null && found.rev > rev + 1) throw outcomeUnknown()
  return found !== null && hasFields(found, update.$set ?? {})
}

/** Whether this very event is published; another writer's event of the same version may be. */
const isPublished = async (
  events: Collection<EventDocument>,
  event: StoredEvent | undefined,
): Promise<boolean> => {
  if (event === undefined) return false
  const found = await events.findOne({ event: eventKey(event.resource_id, event.version) })
  if (found === null) return false
  const { _id, event: _, fence, ...published } = found
  return isEqual(published, event)
}

const hasFields = (document: Document, fields: Document): boolean =>
  isEqual(Object.fromEntries(Object.keys(fields).map((name) => [name, document[name]])), fields)

/** As the database stores them. */
const isEqual = (a: Document, b: Document): boolean =>
  Buffer.compare(BSON.serialize(a), BSON.serialize(b)) === 0
