import type { TableEntity } from '../../core/entity.ts'
import type { RecordKind } from '../../core/record.ts'
import type { CommitDocument, Documents } from './documents.ts'

/**
 * A record. Its collection is not sharded, so its unique index needs no bucket
 * (docs/decisions/records.md).
 */
export interface RecordDocument extends CommitDocument {
  readonly kind: string
  readonly entity?: TableEntity
  readonly parent_id?: string
  readonly unique_key?: string
}

export const recordDocuments = <E extends TableEntity>({
  kind,
  parentOf,
  uniqueKeyOf,
}: RecordKind<E>): Documents<E> => ({
  resource: kind,
  field: 'entity',
  projection: { kind: 1, entity: 1 },
  filter: { kind },

  toState(document) {
    const { kind: found, entity } = document as RecordDocument
    return { entity: found === kind ? (entity as E | undefined) : undefined, companion: undefined }
  },

  toFields: (_, entity) => ({
    kind,
    entity,
    parent_id: parentOf(entity) ?? undefined,
    unique_key: uniqueKeyOf(entity) ?? undefined,
  }),

  noFields: { entity: undefined, parent_id: undefined, unique_key: undefined },

  toText: (json) => json,

  sameUniqueKey(entity) {
    const uniqueKey = uniqueKeyOf(entity)
    return uniqueKey === null ? undefined : { kind, unique_key: uniqueKey }
  },
})
