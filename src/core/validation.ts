import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import type { InputIssue } from './errors.ts'

/** Returns what is wrong with a value, at most a handful of issues whatever its size; nothing when it fits. */
export type Validator<T> = (value: unknown) => { readonly value: T } | { readonly issues: readonly InputIssue[] }

/** Compiles a schema once. The schema that a route shows in its documentation is the one that checks. */
export const createValidator = <S extends TSchema>(schema: S): Validator<Static<S>> => {
  const compiled = Compile(schema)
  return (value) => (compiled.Check(value) ? { value: value as Static<S> } : { issues: toIssues(compiled.Errors(value), schema) })
}

interface JsonSchema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  /** TypeBox keeps its refinements here, out of the JSON. Ours say what they expect as a noun phrase. */
  readonly '~refine'?: readonly { readonly error: (value: unknown) => string }[]
}

/** One issue per place, with what is expected there rather than every keyword that failed. */
const toIssues = (errors: readonly TLocalizedValidationError[], schema: TSchema): InputIssue[] => {
  const issues = new Map<string, InputIssue>()
  for (const error of errors) {
    for (const [path, detail] of explain(error, schema as JsonSchema)) {
      if (!issues.has(path)) issues.set(path, { pointer: `#${encodeURI(path)}`, detail })
    }
  }
  return [...issues.values()]
}

const explain = (error: TLocalizedValidationError, schema: JsonSchema): [path: string, detail: string][] => {
  const path = error.instancePath
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => [`${path}/${name}`, 'is required'])
  }
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys(schemaAt(schema, path)?.properties ?? {}).join(', ')
    const detail = known === '' ? 'is not known: nothing is expected here' : `is not known: expected one of ${known}`
    return error.params.additionalProperties
      .slice(0, 8)
      .map((name) => [`${path}/${escapePointer(String(name)).slice(0, 80)}`, detail])
  }
  if (error.keyword === 'boolean') return []
  const expected = expectation(schemaAt(schema, path))
  return [[path, expected === undefined ? error.message : `must be ${expected}`]]
}

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1').toWellFormed()

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
