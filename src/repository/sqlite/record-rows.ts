import type { TableEntity } from '../../core/entity.ts'
import type { RecordKind } from '../../core/record.ts'
import type { Rows } from './commits.ts'
import type { Database } from './driver.ts'

export const RECORD_SQL = {
  get: 'SELECT id, version, json FROM records WHERE id = ? AND kind = ?',
  byUniqueKey: 'SELECT id, version, json FROM records WHERE unique_key = ? AND kind = ?',
  maxId: 'SELECT max(id) AS id FROM records',
  list: 'SELECT key FROM records WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT +?3',
  listOfParent: `
    SELECT key FROM records WHERE kind = ?1 AND id > ?2 AND parent_id = ?3 ORDER BY id LIMIT +?4`,
} as const

interface Row {
  readonly key: number
  readonly json: string
}

/** The rows of records, of each kind. A write that the unique index refuses is not made. */
export const createRecordRows = (db: Database) => {
  const find = db.prepare('SELECT key, json FROM records WHERE id = ? AND kind = ?')
  const insert = db.prepare(`
    INSERT INTO records (id, kind, version, parent_id, unique_key, json) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL DO NOTHING`)
  const update = db.prepare(`
    UPDATE OR IGNORE records SET version = ?, parent_id = ?, unique_key = ?, json = ?
    WHERE key = ?`)
  const remove = db.prepare('DELETE FROM records WHERE key = ?')

  return <E extends TableEntity>({ kind, parentOf, uniqueKeyOf }: RecordKind<E>): Rows<E> => ({
    read(id) {
      const row = find.get(id, kind) as Row | undefined
      return row && { key: row.key, entity: JSON.parse(row.json) as E, companion: undefined }
    },

    insert(record, json) {
      const { id, version } = record
      const { changes } = insert.run(id, kind, version, parentOf(record), uniqueKeyOf(record), json)
      return Number(changes) === 1
    },

    replace({ key }, record, json) {
      const { changes } = update.run(
        record.version,
        parentOf(record),
        uniqueKeyOf(record),
        json,
        key,
      )
      return Number(changes) === 1
    },

    remove: ({ key }) => void remove.run(key),

    toText: (json) => json,
  })
}
