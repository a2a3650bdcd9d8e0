import type { TSchema, TUnsafe } from 'typebox'
import { changedFields, nextVersion, notBefore, type TableEntity } from './entity.ts'
import type { FieldError } from './errors.ts'
import type { Field, FieldOptions } from './field.ts'
import { tokenize } from './search.ts'
import { Type } from './typebox.ts'

export type Fields = Readonly<Record<string, Field>>

/** A new entity, or a change, in the form of its table's schema. */
export type Draft = Readonly<Record<string, unknown>>

/** What a resource is: its fields in the order of its JSON, and all that follows from them. */
export interface FieldTable<E extends TableEntity = TableEntity, D = Draft, P = Draft> {
  readonly fields: readonly NamedField[]
  /** The fields that lists may be filtered by. */
  readonly filtered: readonly NamedField[]
  /** The field of this name. */
  field(name: string): NamedField
  readonly entity: TUnsafe<E>
  readonly draft: TUnsafe<D>
  readonly patch: TUnsafe<P>
  readonly example: E
  /** A new entity, at version 1. */
  create(draft: D, id: string, now: string): E
  /**
   * The entity with a change applied: the very same object if nothing changes, else its next
   * version.
   */
  change(entity: E, patch: P, now: string): E
  /**
   * What is wrong with a change of this entity, or with a new one: a field that the service sets
   * has another value. `isTracked`: an issue tracker is configured.
   */
  readOnlyErrors(entity: E | undefined, given: D | P, isTracked: boolean): FieldError[]
  /** A stored entity with the fields that it lacks as an earlier version stored it. */
  withDefaults(stored: E): E
  /** The words that a search finds it by. */
  wordsOf(entity: E): string[]
  /** Whether a search finds both by the same words. */
  haveSameWords(a: E, b: E): boolean
}

export type NamedField = Field & {
  readonly name: string
  /** Whether entities that earlier versions stored may lack it. */
  readonly isLater: boolean
}

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
  /** The fields that every stored entity has, whichever version stored it. */
  readonly firstFields: readonly string[]
  /**
   * Makes what an earlier version stored fields of this one. Those that it leaves out get their
   * default.
   */
  readonly fromEarlier?: (stored: Draft) => Draft
}

/** Makes the table of a resource, and its schemas. */
export const defineTable = <const F extends Fields>(
  fields: F,
  rules: Rules<EntityOf<NoInfer<F>>>,
): FieldTable<EntityOf<F> & TableEntity, DraftOf<F>, PatchOf<F>> => {
  type E = EntityOf<F> & TableEntity
  const { fromEarlier = (stored) => stored } = rules
  const named = Object.entries(fields).map(([name, field]): NamedField => {
    const isLater = !rules.firstFields.includes(name)
    return { ...field, name, isLater }
  })
  const later = named.filter(({ isLater }) => isLater)
  const searched = named.filter(({ search }) => search)

  const byName = new Map(named.map((field) => [field.name, field]))
  /**
   * What JSON.parse makes, and a copy of it, is faster than an object that is made field by field.
   */
  const blank: Draft = JSON.parse(
    JSON.stringify(Object.fromEntries(named.map(({ name, initial }) => [name, initial ?? null]))),
  )

  /** The values with those that are given for them, as they are stored. */
  const withGiven = (values: Draft, given: Draft): Record<string, unknown> => {
    const next: Record<string, unknown> = { ...values }
    for (const { name, readOnly, normalize } of named)
      if (given[name] !== undefined && !readOnly) next[name] = normalize(given[name])
    return next
  }

  return {
    fields: named,
    filtered: named.filter(({ filter }) => filter !== undefined),
    field(name) {
      const field = byName.get(name)
      if (field === undefined) throw new Error(`unknown field: ${name}`)
      return field
    },
    ...(toSchemas(named, rules) as Pick<
      FieldTable<E, DraftOf<F>, PatchOf<F>>,
      'entity' | 'draft' | 'patch'
    >),
    example: rules.examples.entity as E,

    create(draft: Draft, id, now) {
      const ours = { id, created_at: now, updated_at: now, version: 1 }
      return rules.decide(Object.assign(withGiven(blank, draft), ours) as E, now) as E
    },

    change(entity, patch: Draft, now) {
      const next = rules.decide(withGiven(entity, patch) as E, notBefore(entity, now), entity) as E
      return changedFields(entity, next).length === 0 ? entity : nextVersion(next, now)
    },

    readOnlyErrors(entity, given: Draft, isTracked) {
      const current: Draft = entity ?? blank
      return named
        .filter(
          ({ name, readOnly, tracked, normalize }) =>
            given[name] !== undefined &&
            (readOnly || (tracked && isTracked)) &&
            normalize(given[name]) !== current[name],
        )
        .map(({ name }) => ({
          pointer: `#/${name}`,
          detail: `is set by the service: leave it out, or send ${JSON.stringify(current[name])}`,
        }))
    },

    withDefaults: (stored) =>
      later.some(({ name }) => stored[name] === undefined)
        ? ({ ...blank, ...fromEarlier(stored) } as E)
        : stored,

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
