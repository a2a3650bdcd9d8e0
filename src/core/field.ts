import type { TSchema, TUnsafe } from 'typebox'
import { taskId, toTaskId } from './entity.ts'
import { INSTANT_EXPECTED, toInstant } from './instant.ts'
import { codePoints, isStorable } from './text.ts'
import { Type } from './typebox.ts'

/**
 * How a list is filtered by a field. `any`: one of the given values. `all`: every given value (of a
 * list of texts). `equals`: the given value. `interval`: from an instant until before another.
 */
export interface FieldFilter {
  readonly by: 'any' | 'all' | 'equals' | 'interval'
  /**
   * The query parameter, or the beginning of it (`due` of `due_after`); by default the field's
   * name.
   */
  readonly name?: string
  /** Names it in the documentation: "Tasks with any of these STATUSES". */
  readonly of: string
}

interface Described {
  readonly description: string
}

/** What a field is beside its kind. A field knows only itself. */
export interface FieldOptions extends Described {
  /** A new entity must give it. */
  readonly required?: true
  readonly nullable?: true
  /** The service sets it; a client may send it as it is. */
  readonly readOnly?: true
  /** The issue tracker sets it while one is configured; else it is a client's to set. */
  readonly tracked?: true
  /**
   * The value where none is given, also of entities that were stored before the field was there;
   * without it null, or an empty list.
   */
  readonly default?: string
  /** `q` finds its words. */
  readonly search?: true
  /**
   * Lists may be sorted by it, null last in both directions. A choice is sorted by the place of its
   * value. `folded`: a text without case and accents first (title-key.ts); SQLite has one such
   * field.
   */
  readonly sort?: true | 'folded'
  readonly filter?: FieldFilter
  /**
   * It leads the index of every sort: for a choice of few values that most lists are filtered by,
   * as a list is merged from one range for each combination of them.
   */
  readonly leads?: true
}

export type FieldKind = 'id' | 'text' | 'choice' | 'texts' | 'instant' | 'integer'

/** One field of an entity: its options, and what follows from its kind. */
export type Field<T = unknown, O extends FieldOptions = FieldOptions> = O & {
  readonly kind: FieldKind
  readonly schema: TUnsafe<T>
  /** The schema of a read-only field in a change. */
  readonly readOnlySchema: TSchema
  /** The values of a choice, in the order that they sort by. */
  readonly values: readonly string[]
  /** The value where none is given; undefined for a required one. */
  readonly initial: unknown
  /** A valid value as it is stored. */
  readonly normalize: (value: unknown) => unknown
}

type OrNull<T, O extends FieldOptions> = O extends { readonly nullable: true } ? T | null : T

interface KindOptions<T> {
  readonly values?: readonly string[]
  readonly initial?: T
  readonly normalize?: (value: T) => unknown
}

const READ_ONLY = 'Read-only: accepted if equal to the stored value.'

const createField = <T, O extends FieldOptions>(
  kind: FieldKind,
  options: O,
  toSchema: (description: string) => TSchema,
  { values = [], initial, normalize = (value) => value }: KindOptions<T> = {},
): Field<OrNull<T, O>, O> => {
  const isNullable = options.nullable === true
  const schemaOf = (description: string) => {
    const schema = toSchema(description)
    return (isNullable ? Type.Union([schema, Type.Null()]) : schema) as TUnsafe<OrNull<T, O>>
  }
  return {
    ...options,
    kind,
    schema: schemaOf(options.description),
    readOnlySchema: schemaOf(READ_ONLY),
    values,
    initial: options.default ?? initial ?? (isNullable ? null : undefined),
    normalize: (value) => (value === null ? null : normalize(value as T)),
  }
}

export const id = <const O extends FieldOptions>(options: O) =>
  createField<string, O>('id', options, taskId, { normalize: toTaskId })

interface Length {
  /** In code points. */
  readonly min?: number
  readonly max: number
  /** Spaces around it are not counted, and not stored. */
  readonly trim?: true
}

/** A text without NUL and lone surrogates. */
export const text = <const O extends FieldOptions & Length>(options: O) =>
  createField<string, O>('text', options, (description) => toTextSchema(options, description), {
    normalize: (value) => (options.trim ? value.trim() : value),
  })

/** Up to `maxItems` different texts, in the order that they were given in. */
export const texts = <
  const O extends FieldOptions & { maxItems: number; item: Length & Described },
>(
  options: O,
) => {
  const { maxItems, item } = options
  const toSchema = (description: string) =>
    Type.Array(toTextSchema(item, item.description), { maxItems, description })
  const normalize = (value: readonly string[]) => [...new Set(value)]
  return createField<readonly string[], O>('texts', options, toSchema, { initial: [], normalize })
}

/** An http or https URL of at most `max` characters. */
export const url = <const O extends FieldOptions & { readonly max: number }>(options: O) =>
  createField<string, O>('text', options, (description) => {
    const { max } = options
    return Type.Refine(
      Type.String({ format: 'uri', maxLength: max, description }),
      isWebUrl,
      () => `an http or https URL (RFC 3986) of at most ${max} characters`,
    )
  })

const isWebUrl = (value: string): boolean =>
  /^https?:\/\//i.test(value) && isStorable(value) && URL.canParse(value)

/** One of a few values. */
export const choice = <const V extends string, const O extends FieldOptions>(
  values: readonly V[],
  options: O,
) =>
  createField<V, O>(
    'choice',
    options,
    (description) => Type.Enum([...values], { type: 'string', description }),
    { values },
  )

/** A point in time: any RFC 3339 offset is accepted, and it is stored in UTC with milliseconds. */
export const instant = <const O extends FieldOptions>(options: O) =>
  createField<string, O>('instant', options, toInstantSchema, { normalize: toInstant })

/** A whole number from 1. */
export const integer = <const O extends FieldOptions>(options: O) =>
  createField<number, O>('integer', options, (description) =>
    Type.Integer({ minimum: 1, description }),
  )

/**
 * A code point takes at most two UTF-16 units, so a longer string is refused before it is counted.
 */
const toTextSchema = ({ min = 0, max, trim }: Length, description: string) => {
  const least = min > 0 ? { minLength: min } : {}
  if (trim !== true)
    return Type.Refine(
      Type.String({ description, ...least, maxLength: max }),
      isStorable,
      () => `a string of ${min} to ${max} characters without NUL or lone surrogates`,
    )
  return Type.Refine(
    Type.String({ ...least, description }),
    (value) => isTrimmable(value.trim(), min, max),
    () =>
      `a string of ${min} to ${max} characters (spaces around it not counted) without NUL or lone surrogates`,
  )
}

const isTrimmable = (trimmed: string, min: number, max: number): boolean => {
  if (trimmed.length > 2 * max || !isStorable(trimmed)) return false
  const length = codePoints(trimmed)
  return length >= min && length <= max
}

/** An instant in the form that clients may send it in. */
export const toInstantSchema = (description: string) =>
  Type.Refine(
    Type.String({ format: 'date-time', description }),
    (value) => toInstant(value) !== undefined,
    () => INSTANT_EXPECTED,
  )
