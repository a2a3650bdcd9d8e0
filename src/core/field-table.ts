import type { TSchema, TUnsafe } from 'typebox'
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

type ValueOf<F> = F extends Field<infer T> ? T : never
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
  /**
   * Sets what depends on two fields or the clock, or refuses by throwing an AppError. Pure. `at` is
   * not before the last change; `before` is absent for a new entity, whose refusal must not depend
   * on `at`: a retry is later.
   */
  readonly decide: (next: E, at: string, before?: E) => E
}

/** Makes the table of a resource, and its schemas. */
export const defineTable = <const F extends Fields>(
  fields: F,
  rules: Rules<EntityOf<NoInfer<F>>>,
): FieldTable<EntityOf<F> & Entity, DraftOf<F>, PatchOf<F>> => {
  type E = EntityOf<F> & Entity
  const named = Object.entries(fields).map(([name, field]): NamedField => ({ ...field, name }))
  const checked = named.filter(({ readOnly, kind }) => readOnly && kind !== 'json')
  const searched = named.filter(({ search }) => search)

  const fill = (given: Draft): E => {
    const values: Record<string, unknown> = {}
    for (const { name, initial } of named)
      values[name] = given[name] === undefined ? initial : given[name]
    return values as E
  }

  const normalized = (given: Draft): Record<string, unknown> => {
    const values: Record<string, unknown> = {}
    for (const { name, readOnly, normalize } of named)
      if (given[name] !== undefined && !readOnly) values[name] = normalize(given[name])
    return values
  }

  return {
    fields: named,
    ...(toSchemas(named, rules) as Pick<
      FieldTable<E, DraftOf<F>, PatchOf<F>>,
      'entity' | 'draft' | 'patch'
    >),
    example: rules.examples.entity as E,

    create(draft: Draft, id, now) {
      const ours = { id, created_at: now, updated_at: now, version: 1 }
      return rules.decide(fill({ ...normalized(draft), ...ours }), now) as E
    },

    change(entity, patch: Draft, now) {
      /** A clock set back never takes an entity's last change with it. */
      const at = now > entity.updated_at ? now : entity.updated_at
      const next = rules.decide({ ...entity, ...normalized(patch) }, at, entity) as E
      return changedFields(entity, next).length === 0
        ? entity
        : { ...next, updated_at: at, version: entity.version + 1 }
    },

    readOnlyErrors: (entity, patch: Draft) =>
      checked
        .filter(
          ({ name, normalize }) =>
            patch[name] !== undefined && normalize(patch[name]) !== entity[name],
        )
        .map(({ name }) => ({
          pointer: `#/${name}`,
          detail: `is set by the service: leave it out, or send ${JSON.stringify(entity[name])}`,
        })),

    withDefaults: (entity) =>
      named.some(({ name }) => entity[name] === undefined)
        ? { ...fill(entity), ...entity }
        : entity,

    wordsOf: (entity) => tokenize(searched.map(({ name }) => entity[name]).join('\n')),
    haveSameWords: (a, b) => searched.every(({ name }) => a[name] === b[name]),
  }
}

const toSchemas = <E>(fields: readonly NamedField[], { title, examples }: Rules<E>) => {
  const toObject = (
    schemas: readonly (readonly [string, TSchema])[],
    name: string,
    example: unknown,
  ): TSchema =>
    Type.Object(Object.fromEntries(schemas), {
      title: name,
      additionalProperties: false,
      examples: [example],
    })
  const writable = fields.filter(({ readOnly }) => !readOnly)
  const drafts = writable.map(
    ({ name, schema, required }) => [name, required ? schema : Type.Optional(schema)] as const,
  )
  const changes = writable.map(({ name, schema }) => [name, Type.Optional(schema)] as const)
  const sentAlong = fields
    .filter(({ readOnly }) => readOnly)
    .map(({ name, readOnlySchema }) => [name, Type.Optional(readOnlySchema)] as const)
  return {
    entity: toObject(
      fields.map(({ name, schema }) => [name, schema] as const),
      title,
      examples.entity,
    ),
    draft: toObject(drafts, `${title}Draft`, examples.draft),
    patch: toObject([...changes, ...sentAlong], `${title}Patch`, examples.patch),
  }
}
