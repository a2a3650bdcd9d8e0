import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { toTaskId } from '../core/entity.ts'
import { invalidInput } from '../core/errors.ts'
import { createValidator, type Validator } from '../core/validation.ts'

/**
 * Makes Fastify check each part of a request by our validator. Query strings are read by the schema
 * first.
 */
export const compileValidator: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  const validate = createValidator(schema as TSchema)
  if (httpPart === 'params')
    return toFastify((value) => validate(toTaskIds(value as Record<string, string>)))
  const isRead =
    httpPart === 'querystring' && Object.keys((schema as ObjectSchema).properties).length > 0
  return isRead
    ? toFastify((value) => validate(fromQueryString(value as QueryString, schema as ObjectSchema)))
    : toFastify(validate)
}

export const toFastify = (validate: Validator<unknown>) => (value: unknown) => {
  const result = validate(value)
  return 'issues' in result ? { error: invalidInput(result.issues) } : result
}

/** Every path parameter is the id of a task. */
const toTaskIds = (params: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(params).map(([name, text]) => [name, toTaskId(text)]))

type QueryString = Readonly<Record<string, string | string[]>>
interface ObjectSchema {
  readonly properties: Readonly<
    Record<
      string,
      | {
          readonly type?: string
          readonly format?: string
          readonly items?: { readonly enum?: unknown }
        }
      | undefined
    >
  >
}

/**
 * A query string is text; its schema says what is a number and what is a list. What does not read
 * as such stays text, and is refused.
 */
const fromQueryString = (
  query: QueryString,
  schema: ObjectSchema,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, fromText(value, schema.properties[name])]),
  )

const fromText = (
  value: string | string[],
  schema: ObjectSchema['properties'][string],
): unknown => {
  if (schema?.type === 'array') {
    const values = [value].flat()
    return schema.items?.enum === undefined ? values : values.flatMap((one) => one.split(','))
  }
  if (schema?.format === 'date-time' && typeof value === 'string') return withOffset(value)
  return schema?.type === 'integer' && typeof value === 'string' && /^-?\d{1,15}$/.test(value)
    ? Number(value)
    : value
}

/**
 * A `+` that was not escaped arrives as a space; before an offset a space can mean nothing else.
 */
const withOffset = (instant: string): string => instant.replace(/ (?=\d{2}:?\d{2}$)/, '+')
