import type { StoredEntity } from '../../core/commit.ts'
import type { TableEntity } from '../../core/entity.ts'
import type { RecordKind } from '../../core/record.ts'
import type { Entities, Records, Repository } from '../../core/repository.ts'
import type { Slice } from '../../core/slice.ts'
import type { Rows } from './commits.ts'
import type { Database } from './driver.ts'
import { BY_ID } from './next-position.ts'
import { createRecordRows, RECORD_SQL } from './record-rows.ts'
import type { Selection, SelectRequest } from './slice-reads.ts'
import type { TransactionQueue } from './transaction-queue.ts'

/** What records share with tasks. */
interface Shared {
  readonly queue: TransactionQueue
  select(request: SelectRequest): Promise<Selection>
  toSlice<Place>(source: 'records', selection: Selection, next: Place | undefined): Slice<Place>
  entities<E extends TableEntity>(resource: string, rows: Rows<E>): Omit<Entities<E>, 'get'>
}

export const createRecords = (
  db: Database,
  { queue, select, toSlice, entities }: Shared,
): Repository['records'] => {
  const rowsOf = createRecordRows(db)
  const find = db.prepare(RECORD_SQL.get)
  const findByUniqueKey = db.prepare(RECORD_SQL.byUniqueKey)

  return <E extends TableEntity>(recordKind: RecordKind<E>): Records<E> => {
    const { kind } = recordKind
    return {
      ...entities(kind, rowsOf(recordKind)),

      get: (id) => queue.read(() => find.get(id, kind) as StoredEntity | undefined),

      byUniqueKey: (uniqueKey) =>
        queue.read(() => findByUniqueKey.get(uniqueKey, kind) as StoredEntity | undefined),

      async list(parent, after = '', limit, wholeBytes) {
        const leg =
          parent === undefined
            ? { sql: RECORD_SQL.list, parameters: [kind, after] }
            : { sql: RECORD_SQL.listOfParent, parameters: [kind, after, parent] }
        const selection = await select({
          source: 'records',
          sort: BY_ID,
          legs: [leg],
          limit,
          wholeBytes,
        })
        return toSlice('records', selection, selection.next?.id)
      },
    }
  }
}
