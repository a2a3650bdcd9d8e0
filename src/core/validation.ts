import type { Static, TSchema } from 'typebox'
import type { TLocalizedValidationError } from 'typebox/error'
import type { FieldError } from './errors.ts'
import { toInstant } from './instant.ts'
import { Compile, Format } from './typebox.ts'

/** TypeBox's own check is stricter than ours, which also accepts an offset without its colon. */
Format.Set('date-time', (text) => toInstant(text) !== undefined)

/** Returns what is wrong with a value, a handful of errors at most; nothing if it is valid. */
export type Validator<T> = (
  value: unknown,
) => { readonly value: T } | { readonly issues: readonly FieldError[] }

/**
 * Compiles a schema once. The schema that a route shows in its documentation is the one that
 * checks.
 */
export const createValidator = <S extends TSchema>(schema: S): Validator<Static<S>> => {
  const compiled = Compile(schema)
  return (value) =>
    compiled.Check(value)
      ? { value: value as Static<S> }
      : { issues: toFieldErrors(compiled.Errors(value), schema as JsonSchema, value) }
}

interface JsonSchema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly additionalProperties?: boolean
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  /**
   * TypeBox keeps its refinements here, out of the JSON. Ours say what they expect as a noun
   * phrase.
   */
  readonly '~refine'?: readonly { readonly error: (value: unknown) => string }[]
}

/** As many as a caller can use; a hostile body has any number. */
const MAX_ERRORS = 8

/**
 * One issue per place, with what is expected there rather than every keyword that failed; at least
 * one.
 */
const toFieldErrors = (
  errors: readonly TLocalizedValidationError[],
  schema: JsonSchema,
  value: unknown,
): FieldError[] => {
  const details = new Map<string, string>(unknownFields(schema, value, ''))
  for (const error of errors) {
    for (const [path, detail] of explain(error, schema))
      if (!details.has(path)) details.set(path, detail)
  }
  if (details.size === 0) details.set('', 'is not what is expected here')
  return [...details]
    .slice(0, MAX_ERRORS)
    .map(([path, detail]) => ({ pointer: toFragment(path), detail }))
}

type Detail = [path: string, detail: string]

/**
 * The fields that an object's schema does not know, named from the value: TypeBox reports them
 * without their place.
 */
const unknownFields = (schema: JsonSchema, value: unknown, path: string): Detail[] => {
  if (
    schema.properties === undefined ||
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value)
  )
    return []
  const known = Object.keys(schema.properties)
  const detail =
    known.length === 0
      ? 'is not known: nothing is expected here'
      : `is not known: expected one of ${known.join(', ')}`
  const names =
    schema.additionalProperties === false
      ? Object.keys(value).filter((name) => !known.includes(name))
      : []
  const nested = known
    .filter((name) => Object.hasOwn(value, name))
    .flatMap((name) =>
      unknownFields(
        schema.properties?.[name] ?? {},
        (value as Record<string, unknown>)[name],
        `${path}/${name}`,
      ),
    )
  return [
    ...names.slice(0, MAX_ERRORS).map((name): Detail => [`${path}/${toStep(name)}`, detail]),
    ...nested,
  ]
}

const explain = (error: TLocalizedValidationError, schema: JsonSchema): Detail[] => {
  const path = error.instancePath
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => [`${path}/${name}`, 'is required'])
    case 'additionalProperties':
    case 'boolean':
      return []
    default: {
      const expected = expectation(schemaAt(schema, path))
      return [[path, expected === undefined ? error.message : `must be ${expected}`]]
    }
  }
}

/** A step of a JSON pointer (RFC 6901): a name, cut where it is longer than anyone needs to see. */
const toStep = (name: string): string => {
  const characters = [...name.slice(0, 200).toWellFormed()]
  const shown =
    characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : characters.join('')
  return shown.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** A pointer as a URI fragment; encodeURI alone would leave a # as it is. */
const toFragment = (pointer: string): string => `#${encodeURI(pointer).replaceAll('#', '%23')}`

const schemaAt = (schema: JsonSchema, path: string): JsonSchema | undefined => {
  let at: JsonSchema | undefined = schema
  for (const step of path.split('/').slice(1)) at = at?.properties?.[step] ?? at?.items
  return at
}

const expectation = (schema: JsonSchema | undefined): string | undefined => {
  if (schema === undefined) return undefined
  const refinement = schema['~refine']?.[0]
  if (refinement !== undefined) return refinement.error(undefined)
  if (schema.anyOf !== undefined) return schema.anyOf.map(expectation).join(' or ')
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  switch (schema.type) {
    case 'string':
      return `a string${span(schema.minLength, schema.maxLength, 'characters')}`
    case 'integer':
      return `an integer${span(schema.minimum, schema.maximum)}`
    case 'array':
      return `an array${span(schema.minItems, schema.maxItems, 'items')}`
    case 'object':
      return 'a JSON object'
    default:
      return schema.type
  }
}

const span = (least: number | undefined, most: number | undefined, unit = ''): string => {
  const counted = unit === '' ? 'from' : 'of'
  const tail = unit === '' ? '' : ` ${unit}`
  if (least !== undefined && most !== undefined) return ` ${counted} ${least} to ${most}${tail}`
  if (most !== undefined) return ` of at most ${most}${tail}`
  if (least !== undefined) return ` of at least ${least}${tail}`
  return ''
}
