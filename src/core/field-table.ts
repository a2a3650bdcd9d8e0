import type { Static, TSchema, TUnsafe } from 'typebox'
import { changedFields, type Entity } from './entity.ts'
import type { FieldError } from './errors.ts'
import type { Field, FieldOptions } from './field.ts'
import { tokenize } from './search.ts'
import { Type } from './typebox.ts'

export type Fields = Readonly<Record<string, Field>>

/** A new entity, or a change, in the form of its table's schema. */
export type Draft = Readonly<Record<string, unknown>>

/** What a resource is: its fields in the order of its JSON, and all that follows from them. */
export interface FieldTable<E extends Entity = Entity, D = Draft, P = Draft> {
  readonly fields: readonly NamedField[]
  readonly entity: TUnsafe<E>
  readonly draft: TUnsafe<D>
  readonly patch: TUnsafe<P>
  readonly example: E
  /** A new entity, at version 1. */
  create(draft: D, id: string, now: string): E
  /** The entity with a change applied: the very same object if nothing changes, else its next version. */
  change(entity: E, patch: P, now: string): E
  /** What is wrong with a change of this very entity: a read-only field that differs. */
  readOnlyErrors(entity: E, patch: P): FieldError[]
  /** The entity with the fields that came after it was stored. */
  withDefaults(entity: E): E
  /** The words that a search finds it by. */
  wordsOf(entity: E): string[]
  /** Whether a search finds both by the same words. */
  haveSameWords(a: E, b: E): boolean
}

export type NamedField = Field & { readonly name: string }

type ValueOf<F extends Field> = Static<F['schema']>
type NamesOf<F extends Fields, O extends Partial<FieldOptions>> = {
  [Name in keyof F]: F[Name] extends O ? Name : never
}[keyof F]
type Required<F extends Fields> = NamesOf<F, { readonly required: true }>
type ReadOnly<F extends Fields> = NamesOf<F, { readonly readOnly: true }>

export type EntityOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> }
export type DraftOf<F extends Fields> = {
  readonly [Name in Required<F>]: ValueOf<F[Name]>
} & {
  readonly [Name in Exclude<keyof F, Required<F> | ReadOnly<F>>]?: ValueOf<F[Name]>
}
export type PatchOf<F extends Fields> = { readonly [Name in keyof F]?: ValueOf<F[Name]> }

/** What a table has beside its fields. */
export interface Rules<E> {
  /** The name of its schemas. */
  readonly title: string
  readonly examples: { readonly entity: E; readonly draft: unknown; readonly patch: unknown }
  /** Sets what depends on two fields or the clock. `at` is not before the last change. */
  readonly decide: (next: E, at: string) => E
}

/** Makes the table of a resource. To be done once: it compiles nothing, yet makes all schemas. */
export const defineTable = <const F extends Fields>(
  fields: F,
  { title, examples, decide }: Rules<EntityOf<NoInfer<F>>>,
): FieldTable<EntityOf<F> & Entity, DraftOf<F>, PatchOf<F>> => {
  type E = EntityOf<F> & Entity
  const named = Object.entries(fields).map(([name, field]): NamedField => ({ ...field, name }))
  const writable = named.filter(({ readOnly }) => readOnly !== true)
  const readOnly = named.filter((field) => field.readOnly === true)
  const checked = readOnly.filter(({ kind }) => kind !== 'json')
  const searched = named.filter(({ search }) => search === true)

  const toObject = <T>(
    schemas: readonly (readonly [string, TSchema])[],
    name: string,
    example: unknown,
  ): TUnsafe<T> =>
    Type.Object(Object.fromEntries(schemas), {
      title: name,
      additionalProperties: false,
      examples: [example],
    }) as TSchema as TUnsafe<T>

  const changes = writable.map(({ name, schema }) => [name, Type.Optional(schema)] as const)
  const sentAlong = readOnly.map(
    ({ name, readOnlySchema }) => [name, Type.Optional(readOnlySchema)] as const,
  )

  const fill = (values: Draft): E =>
    Object.fromEntries(
      named.map(({ name, initial }) => [name, values[name] === undefined ? initial : values[name]]),
    ) as E

  return {
    fields: named,
    entity: toObject(
      named.map(({ name, schema }) => [name, schema]),
      title,
      examples.entity,
    ),
    draft: toObject(
      writable.map(({ name, schema, required }) => [
        name,
        required === true ? schema : Type.Optional(schema),
      ]),
      `${title}Draft`,
      examples.draft,
    ),
    patch: toObject([...changes, ...sentAlong], `${title}Patch`, examples.patch),
    example: examples.entity as E,

    create(draft: Draft, id, now) {
      const values: Record<string, unknown> = { id, created_at: now, updated_at: now, version: 1 }
      for (const { name, normalize } of writable)
        if (draft[name] !== undefined) values[name] = normalize(draft[name])
      return decide(fill(values), now) as E
    },

    change(entity, patch: Draft, now) {
      const values: Record<string, unknown> = { ...entity }
      for (const { name, normalize } of writable)
        if (patch[name] !== undefined) values[name] = normalize(patch[name])
      /** A clock set back never takes an entity's last change with it. */
      const at = now > entity.updated_at ? now : entity.updated_at
      const next = decide(values as E, at) as E
      return changedFields(entity, next).length === 0
        ? entity
        : { ...next, updated_at: at, version: entity.version + 1 }
    },

    readOnlyErrors: (entity, patch: Draft) =>
      checked.flatMap(({ name, normalize }) =>
        patch[name] === undefined || normalize(patch[name]) === entity[name]
          ? []
          : [
              {
                pointer: `#/${name}`,
                detail: `is set by the service: leave it out, or send ${JSON.stringify(entity[name])}`,
              },
            ],
      ),

    withDefaults: (entity) =>
      named.some(({ name }) => entity[name] === undefined)
        ? { ...fill(entity), ...entity }
        : entity,

    wordsOf: (entity) => tokenize(searched.map(({ name }) => entity[name]).join('\n')),
    haveSameWords: (a, b) => searched.every(({ name }) => a[name] === b[name]),
  }
}
