import type { State } from '../../core/commit.ts'
import type { Companion } from '../../core/companion.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { NewEvent, StoredEvent } from '../../core/event.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { createTextReader } from '../../core/stored-text.ts'
import { bucketOfId, bucketOfKey } from './shard-key.ts'
import { createSortKeys, type SortKeys } from './sort-keys.ts'

/**
 * What every document has beside its entity, so that one document write is a whole commit: the
 * events that are not yet published and the idempotency keys of the requests that changed it. A
 * deleted entity stays as a tombstone (`ended`, without the entity) while it has events to publish
 * or keys to remember; the claim of a batch's key is such a document that never had an entity.
 */
export interface CommitDocument {
  readonly _id: string
  /** Where it is in a sharded collection: `bucketOfId`. */
  readonly bucket: string
  /**
   * Grows with each write of a commit; a write is made only on the revision that it was decided
   * upon.
   */
  readonly rev: number
  readonly ended?: true
  readonly pending: readonly StoredEvent[]
  readonly keys: readonly StoredKey[]
}

export interface TaskDocument extends CommitDocument {
  readonly task?: TableEntity
  readonly order?: SortKeys
  readonly words?: readonly string[]
  /** The job beside the task. A tombstone has it until its owner removes it. */
  readonly link?: StoredCompanion | OldLink
}

/** A companion, with its indexed fields named as those of 0.1.0. */
export interface StoredCompanion {
  readonly rev: number
  readonly status: string
  readonly nextAttemptAt: number | null
  readonly reference: string | null
  readonly data: Readonly<Record<string, unknown>>
}

/** The companion of 0.1.0, with all of its data beside each other. */
export interface OldLink {
  readonly rev: number
  readonly status: string
  readonly nextAttemptAt: number | null
  readonly issue: { readonly id: string } | null
}

export const fromCompanion = (companion: Companion): StoredCompanion => {
  const { rev, state, dueAt, reference, data } = companion
  return { rev, status: state, nextAttemptAt: dueAt, reference, data }
}

export const toCompanion = (taskId: string, link: StoredCompanion | OldLink): Companion => {
  const { rev, status: state, nextAttemptAt: dueAt } = link
  return 'data' in link
    ? { taskId, rev, state, dueAt, reference: link.reference, data: link.data }
    : { taskId, rev, state, dueAt, reference: link.issue?.id ?? null, data: { ...link } }
}

export interface StoredKey {
  readonly key: string
  readonly fingerprint: string
  readonly expires_at: Date
  /** Of a change: the version that it led to. */
  readonly version?: number
  /**
   * Of a creation or a batch: whether a batch claimed the key, and the first answer of a creation.
   */
  readonly is_claim?: boolean
  readonly json?: string | null
}

/**
 * An event in its place: `_id` is its sequence, `event` its own identity, `fence` the term of the
 * relay that published it.
 */
export type EventDocument = StoredEvent & {
  readonly _id: number
  readonly event: string
  readonly fence: number
}

/** Fields of a document by name. */
export type DocumentFields = Readonly<Record<string, unknown>>

/** How the entities of one kind are held in their documents. */
export interface Documents<E extends TableEntity = TableEntity> {
  /** The kind of entity, which begins the types of its events. */
  readonly resource: string
  /** The field that has the entity. */
  readonly field: string
  /** What `toState` needs to make the entity. */
  readonly projection: Readonly<Record<string, 1>>
  /** Finds the documents of this kind alone. */
  readonly filter: Readonly<Record<string, string>>
  /** What a commit is decided upon. */
  toState(document: CommitDocument): State<E>
  /** What the document holds of the entity, after `before`; an undefined field is removed. */
  toFields(before: E | undefined, entity: E): DocumentFields
  /** The same of a deleted one. */
  readonly noFields: DocumentFields
  /** A JSON text of an entity that was kept, with the fields that it may lack. */
  toText(json: string): string
  /** Finds the entity with the unique key of this one; undefined if it has none. */
  sameUniqueKey(entity: E): Readonly<Record<string, string>> | undefined
}

/** What the documents of a table's tasks hold. */
export const createDocuments = (table: FieldTable): Documents => {
  const toSortKeys = createSortKeys(table)
  return {
    resource: 'task',
    field: 'task',
    projection: { task: 1 },
    filter: {},

    toState(document) {
      const { _id, task, link } = document as TaskDocument
      return { entity: task && table.withDefaults(task), companion: link && toCompanion(_id, link) }
    },

    /** The words only if they change, as each is an entry of an index. */
    toFields: (before, task) => ({
      task,
      order: toSortKeys(task),
      ...(!(before && table.haveSameWords(before, task)) && { words: table.wordsOf(task) }),
    }),

    noFields: { task: undefined, order: undefined, words: undefined },
    toText: createTextReader(table).one,
    sameUniqueKey: () => undefined,
  }
}

/** The document of a new entity. */
export const newDocument = <E extends TableEntity>(
  documents: Documents<E>,
  entity: E,
  event: NewEvent,
  keys: readonly StoredKey[],
  companion: Companion | undefined,
): CommitDocument => ({
  ...at(entity.id),
  rev: 1,
  ...defined(documents.toFields(undefined, entity)),
  pending: [event],
  keys,
  ...(companion && { link: fromCompanion({ ...companion, rev: 1 }) }),
})

/** The fields that have a value: the driver would write the others as null. */
export const defined = (fields: DocumentFields): DocumentFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/**
 * No UUID, and after them all: the newest id is never one of these. It ends with its bucket, as a
 * task's id does.
 */
export const claimId = (key: string): string => `key:${key}:${bucketOfKey(key)}`

export const newKeyReservation = (key: StoredKey): CommitDocument => ({
  ...at(claimId(key.key)),
  rev: 1,
  ended: true,
  pending: [],
  keys: [key],
})

/**
 * Names one document among all servers of a cluster, so that a read or write of it goes to one of
 * them.
 */
export const at = (id: string) => ({ _id: id, bucket: bucketOfId(id) })

/** The id of the entity of an event, which is named by `eventKey`. */
export const entityOf = (event: string): string => event.slice(0, event.indexOf('/'))

/** Ordered by entity, then by version. */
export const eventKey = (id: string, version: number): string =>
  `${id}/${String(version).padStart(10, '0')}`
