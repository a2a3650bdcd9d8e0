import type { RequestContext } from './context.ts'
import { notBefore, type TableEntity, trackedFields } from './entity.ts'
import { changesBetween, createdChanges, deletedChanges, type NewEvent, newEvent } from './event.ts'
import { id, instant, integer } from './field.ts'
import {
  defineTable,
  type EntityOf,
  type Fields,
  type FieldTable,
  type Rules,
} from './field-table.ts'

/** What a store knows of a kind of record: the rest of it is JSON. */
export interface RecordKind<E extends TableEntity = TableEntity> {
  /** One lower-case word, such as `note`: the resource of its events. Never changed. */
  readonly kind: string
  /** The id of the entity that it belongs to. */
  parentOf(record: E): string | null
  /** A text that no other record of the kind may have; null if it is free. */
  uniqueKeyOf(record: E): string | null
}

/** A kind of record: its fields, what follows from them, and its events. */
export interface RecordType<E extends TableEntity, D, P> extends RecordKind<E> {
  /** The name of its schemas, such as `Note`. */
  readonly name: string
  readonly table: FieldTable<E, D, P>
  /** The field that has the parent's id. */
  readonly parent: string | undefined
  /** The field whose value is unique. */
  readonly unique: string | undefined
  createdEvent(record: E, by: By): NewEvent
  changedEvent(before: E, after: E, by: By): NewEvent
  /** `now` is an RFC 3339 instant in UTC. */
  deletedEvent(record: E, by: By, now: string): NewEvent
}

type By = Pick<RequestContext, 'actor' | 'operationId'>

/** What a record is beside its own fields. */
interface Definition<F extends Fields> extends Partial<Pick<Rules<RecordOf<F>>, 'decide'>> {
  readonly kind: string
  /** The record's own fields, in the order of its JSON. */
  readonly fields: F
  /** The name of its schemas, such as `Note`. */
  readonly title: string
  readonly examples: Rules<RecordOf<F>>['examples']
  /** The field with the id of the entity that it belongs to. Lists can be of one parent. */
  readonly parent?: keyof F & string
  /** The field whose value no two records of the kind may share; null is free. */
  readonly unique?: keyof F & string
  /** That value as it is compared; by default the value itself. */
  readonly uniqueKeyOf?: (record: RecordOf<NoInfer<F>>) => string | null
}

type WithCommon<F extends Fields> = F & ReturnType<typeof commonFields>
type RecordOf<F extends Fields> = EntityOf<WithCommon<F>>

/** The fields that every record has. */
const commonFields = (noun: string) => ({
  id: id({ description: `The id of the ${noun}, a UUIDv7.`, readOnly: true }),
  created_at: instant({ description: `When the ${noun} was created.`, readOnly: true }),
  updated_at: instant({ description: `When the ${noun} last changed.`, readOnly: true }),
  version: integer({
    description: 'Starts at 1 and grows by one with each change; the ETag contains it.',
    readOnly: true,
  }),
})

/**
 * Defines a kind of record. Its schemas, changes, events, rows and documents follow; adding a field
 * takes no migration, as a record that was stored before reads with the field's default.
 */
export const defineRecord = <const F extends Fields>(definition: Definition<F>) => {
  const { kind, title, examples, parent, unique, decide = (next) => next } = definition
  const { id, ...common } = commonFields(kind)
  const fields = { id, ...definition.fields, ...common } as unknown as WithCommon<F>
  const table = defineTable(fields, {
    title,
    examples,
    decide,
    firstFields: ['id', ...Object.keys(common)],
  })
  type E = EntityOf<WithCommon<F>> & TableEntity
  const fieldOf = (record: E, name: string | undefined): string | null =>
    name === undefined ? null : ((record[name] as string | null | undefined) ?? null)
  return {
    kind,
    name: title,
    table,
    parent,
    unique,
    parentOf: (record: E) => fieldOf(record, parent),
    uniqueKeyOf: definition.uniqueKeyOf ?? ((record: E) => fieldOf(record, unique)),
    ...recordEvents<E>(kind),
  }
}

const recordEvents = <E extends TableEntity>(kind: string) => ({
  createdEvent: (record: E, by: By): NewEvent =>
    newEvent(record, by, {
      type: `${kind}.created`,
      time: record.created_at,
      changes: createdChanges(record, trackedFields(record)),
    }),

  changedEvent: (before: E, after: E, by: By): NewEvent =>
    newEvent(after, by, {
      type: `${kind}.updated`,
      time: after.updated_at,
      changes: changesBetween(before, after),
    }),

  deletedEvent: (record: E, by: By, now: string): NewEvent =>
    newEvent({ id: record.id, version: record.version + 1 }, by, {
      type: `${kind}.deleted`,
      time: notBefore(record, now),
      changes: deletedChanges(record, trackedFields(record)),
    }),
})
