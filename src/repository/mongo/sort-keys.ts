import type { TableEntity } from '../../core/entity.ts'
import type { FieldTable, NamedField } from '../../core/field-table.ts'
import { titleKey } from '../../core/title-key.ts'

/**
 * A key for each sort, `order.NAME` of a task's document: the value, then the id, so that a place
 * in a list is a range of one field. A field that may be null has a second one, `NAME_descending`,
 * which ends with the tasks without a value when it is read backwards, as `NAME` does forwards. A
 * folded one has `NAME_key`; its `NAME` is that of programs of version 2, which may run beside this
 * one during an upgrade.
 */
export type SortKeys = Readonly<Record<string, string>>

/** No value's key begins with a character before the first or after the second. */
export const WITHOUT_VALUE = { first: '!', last: '~' } as const

/** Before the value of a text that may be null, as a text may begin with any character. */
const VALUED = '='

/** No text holds a NUL, so a value is ordered before each longer one that begins with it. */
const withId = (value: string, id: string): string => `${value}\0${id}`

const toSortable = ({ kind, sort, nullable, values }: NamedField, value: string): string => {
  if (kind === 'choice') return values.indexOf(value).toString(36)
  const text = sort === 'folded' ? titleKey(value) : value
  return kind === 'text' && nullable ? VALUED + text : text
}

/** The name of the key that a list is sorted by. */
export const sortKeyName = ({ name, sort, nullable }: NamedField, descending: boolean): string => {
  if (sort === 'folded') return `${name}_key`
  return nullable && descending ? `${name}_descending` : name
}

/** The key of a value and an id, under the name of that direction. */
export const toSortKey = (
  field: NamedField,
  descending: boolean,
  value: string | null,
  id: string,
): string => {
  const without = descending ? WITHOUT_VALUE.first : WITHOUT_VALUE.last
  return withId(value === null ? without : toSortable(field, value), id)
}

const DIRECTIONS = [false, true] as const

/** Makes all keys of a task. */
export const createSortKeys = ({ fields }: FieldTable) => {
  const keys = fields
    .filter(({ sort }) => sort !== undefined)
    .flatMap((field) =>
      DIRECTIONS.filter((descending) => !descending || field.nullable).map((descending) => ({
        field,
        descending,
        name: sortKeyName(field, descending),
      })),
    )
  const earlier = fields.filter(({ sort }) => sort === 'folded')

  return (task: TableEntity): SortKeys => {
    const all: Record<string, string> = {}
    for (const { name } of earlier) all[name] = withId(task[name] as string, task.id)
    for (const { field, descending, name } of keys)
      all[name] = toSortKey(field, descending, (task[field.name] ?? null) as string | null, task.id)
    return all
  }
}
