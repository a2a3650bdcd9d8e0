import type { TableEntity } from '../../core/entity.ts'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import { formatInstant } from '../../core/instant.ts'
import type { SQLInputValue } from './driver.ts'

/** What a task's row holds beside its identity: the columns that lists are found and sorted by. */
export type TaskColumns = Readonly<Record<string, SQLInputValue>>

export const toMilliseconds = (instant: string): number => Date.parse(instant)

/**
 * A field's value in its column: of a choice its place, of an instant milliseconds since the epoch.
 */
export const toColumn = (
  { kind, values }: Pick<NamedField, 'kind' | 'values'>,
  value: unknown,
): SQLInputValue => {
  if (value == null) return null
  if (kind === 'choice') return values.indexOf(value as string)
  return kind === 'instant' ? toMilliseconds(value as string) : (value as SQLInputValue)
}

export const fromColumn = (
  { kind, values }: Pick<NamedField, 'kind' | 'values'>,
  value: SQLInputValue,
): string | null => {
  if (kind === 'choice') return values[Number(value)] ?? null
  if (kind === 'instant' && value !== null) return formatInstant(Number(value))
  return value as string | null
}

const hasColumn = ({ name, sort, filter }: NamedField): boolean =>
  name === 'version' || sort !== undefined || (filter !== undefined && filter.by !== 'all')

/** The columns of a table, and their values for an entity, in the same order. */
export const createColumns = ({ fields }: FieldTable) => {
  const columns = fields.filter(hasColumn)
  return {
    names: columns.map(({ name }) => name),
    of(entity: TableEntity): TaskColumns {
      const values: Record<string, SQLInputValue> = {}
      for (const field of columns) values[field.name] = toColumn(field, entity[field.name])
      return values
    },
  }
}
