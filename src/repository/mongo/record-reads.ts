import type { Db } from 'mongodb'
import type { StoredEntity } from '../../core/commit.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { RecordKind } from '../../core/record.ts'
import { createDocumentLoader } from './batch-per-tick.ts'
import type { CommitDocument } from './documents.ts'
import { createEntityReads, type EntityReads, type Selection, toSelection } from './entity-reads.ts'
import { type RecordDocument, recordDocuments } from './record-documents.ts'
import { type Deadline, runRead } from './write-outcome.ts'

export interface RecordReads extends EntityReads {
  byUniqueKey(uniqueKey: string, deadline: Deadline): Promise<StoredEntity | undefined>
  /** The next records of the kind, or of one parent, by their ids. */
  list(
    parent: string | undefined,
    after: string | undefined,
    limit: number,
    wholeBytes: number,
    deadline: Deadline,
  ): Promise<Selection<string, string>>
}

/** The reads of records. Those that are read at the same time share a command. */
export const createRecordReads = (db: Db) => {
  const collection = db.collection<CommitDocument>('records')
  const load = createDocumentLoader<RecordDocument>(collection, ['kind', 'entity'])
  const kinds = new Map<string, RecordReads>()

  const create = <E extends TableEntity>(recordKind: RecordKind<E>): RecordReads => {
    const { kind } = recordKind
    const documents = recordDocuments(recordKind)
    const reads = createEntityReads(collection, documents, load)
    return {
      ...reads,

      async byUniqueKey(uniqueKey, deadline) {
        const filter = { kind, unique_key: uniqueKey }
        const options = { projection: documents.projection }
        const found = await runRead(deadline, () => collection.findOne(filter, options))
        return found === null ? undefined : reads.toEntity(found)
      },

      async list(parent, after = '', limit, wholeBytes, deadline) {
        const filter = {
          kind,
          ...(parent !== undefined && { parent_id: parent }),
          _id: { $gt: after },
          entity: { $exists: true },
        }
        const select = { filter, sort: { _id: 1 }, limit, wholeBytes } as const
        const items = await reads.select(select, deadline)
        const next = items.length > limit ? items[limit - 1]?.document._id : undefined
        return { ...toSelection(items, limit, ({ _id }) => _id), next }
      },
    }
  }

  return {
    of<E extends TableEntity>(kind: RecordKind<E>): RecordReads {
      const reads = kinds.get(kind.kind) ?? create(kind)
      kinds.set(kind.kind, reads)
      return reads
    },
  }
}
