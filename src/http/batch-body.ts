import type { TSchema } from 'typebox'
import { taskId, toTaskId } from '../core/entity.ts'
import type { FieldError } from '../core/errors.ts'
import type { Draft, FieldTable } from '../core/field-table.ts'
import type { Preconditions } from '../core/preconditions.ts'
import { Type } from '../core/typebox.ts'
import { createValidator, type Validator } from '../core/validation.ts'
import type { Operation } from '../task/task-service.ts'
import { ETAGS_EXPECTED, parseETags } from './etag.ts'

/** How many operations one batch may hold. */
export const MAX_BATCH = 1000

const ifMatchField = Type.Optional(
  Type.Refine(
    Type.String({
      description:
        'As in the If-Match header: the operation fails with 412 if the task does not have this ETag.',
    }),
    (field) => parseETags(field) !== undefined,
    () => ETAGS_EXPECTED,
  ),
)

/** An operation whose task has the form of its table's schema. */
export type BatchOperation =
  | { readonly op: 'create'; readonly task: Draft }
  | { readonly op: 'update'; readonly id: string; readonly if_match?: string; readonly task: Draft }
  | { readonly op: 'complete' | 'delete'; readonly id: string; readonly if_match?: string }

export interface Batch {
  readonly operations: readonly BatchOperation[]
}

type Name = BatchOperation['op']

const titleOf = (name: Name): string => `${name[0]?.toUpperCase()}${name.slice(1)}Operation`

const operation = (name: Name, fields: Readonly<Record<string, TSchema>>): TSchema =>
  Type.Object(
    { op: Type.Literal(name, { description: 'The kind of the operation.' }), ...fields },
    { title: titleOf(name), additionalProperties: false },
  )

const TARGET = { id: taskId('The id of the task.'), if_match: ifMatchField }

/** The schema of each operation. */
const toSchemas = ({ draft, patch }: FieldTable): Record<Name, TSchema> => ({
  create: operation('create', { task: draft }),
  update: operation('update', { ...TARGET, task: patch }),
  complete: operation('complete', TARGET),
  delete: operation('delete', TARGET),
})

/** For the document, where generated clients choose the type of an operation by its `op`. */
const toBatchSchema = (operations: Record<Name, TSchema>) => {
  const names = Object.keys(operations) as Name[]
  const item = Type.Unsafe<BatchOperation>({
    title: 'BatchOperation',
    description: 'One operation on a task; `op` says which.',
    oneOf: Object.values(operations),
    discriminator: {
      propertyName: 'op',
      mapping: Object.fromEntries(
        names.map((name) => [name, `#/components/schemas/${titleOf(name)}`]),
      ),
    },
  })
  const description = 'Operations on the same task run in this order.'
  return Type.Object(
    { operations: Type.Array(item, { minItems: 1, maxItems: MAX_BATCH, description }) },
    { title: 'Batch', additionalProperties: false, examples: [EXAMPLE] },
  )
}

const EXAMPLE = {
  operations: [
    { op: 'create', task: { title: 'Book the room' } },
    { op: 'complete', id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e', if_match: '"1"' },
  ],
}

/**
 * The frame is checked first, then each operation by the schema of its `op`, so that an issue names
 * the field that is wrong.
 */
const validateFrame = createValidator(
  Type.Object(
    { operations: Type.Array(Type.Unknown(), { minItems: 1, maxItems: MAX_BATCH }) },
    { additionalProperties: false },
  ),
)

type Validators = Readonly<Record<string, Validator<unknown>>>

/**
 * A batch of operations on entities of a table: its schema for the document, and what checks it.
 */
export const createBatch = (table: FieldTable) => {
  const operations = toSchemas(table)
  const validators: Validators = Object.fromEntries(
    Object.entries(operations).map(([name, schema]) => [name, createValidator(schema)]),
  )
  const validate: Validator<Batch> = (value) => {
    const frame = validateFrame(value)
    if ('issues' in frame) return frame
    const issues: FieldError[] = []
    for (const [index, operation] of frame.value.operations.entries()) {
      if (issues.length >= MAX_ERRORS) break
      issues.push(...operationIssues(validators, operation, `#/operations/${index}`))
    }
    if (issues.length > 0) return { issues }
    return { value: { operations: (value as Batch).operations.map(withTaskId) } }
  }
  return { schema: toBatchSchema(operations), validate }
}

/** Ids as they are stored, so that operations on one task, and a retry, are recognised. */
const withTaskId = (operation: BatchOperation): BatchOperation =>
  operation.op === 'create' ? operation : { ...operation, id: toTaskId(operation.id) }

/** The operations of a validated body. */
export const toOperations = ({ operations }: Batch): Operation[] =>
  operations.map((operation): Operation => {
    if (operation.op === 'create') return operation
    const { if_match, ...rest } = operation
    return { ...rest, preconditions: toPreconditions(if_match) }
  })

const toPreconditions = (ifMatch: string | undefined): Preconditions =>
  ifMatch === undefined ? {} : { ifMatch: parseETags(ifMatch) }

const MAX_ERRORS = 20

const operationIssues = (
  validators: Validators,
  operation: unknown,
  at: string,
): readonly FieldError[] => {
  if (typeof operation !== 'object' || operation === null)
    return [{ pointer: at, detail: 'must be a JSON object' }]
  const name = 'op' in operation && typeof operation.op === 'string' ? operation.op : ''
  const validate = Object.hasOwn(validators, name) ? validators[name] : undefined
  if (validate === undefined)
    return [{ pointer: `${at}/op`, detail: `must be one of ${Object.keys(validators).join(', ')}` }]
  const result = validate(operation)
  return 'issues' in result
    ? result.issues.map(({ pointer, detail }) => ({ pointer: at + pointer.slice(1), detail }))
    : []
}
