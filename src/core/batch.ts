import { taskId, toTaskId } from './entity.ts'
import type { FieldError } from './errors.ts'
import { ETAGS_EXPECTED, parseETags } from './etag.ts'
import type { Draft, FieldTable } from './field-table.ts'
import { Type } from './typebox.ts'
import { createValidator, type Validator } from './validation.ts'

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
const idField = taskId('The id of the task.')

const op = <Name extends string>(name: Name) =>
  Type.Literal(name, { description: 'The kind of the operation.' })

/** An operation whose task has the form of its table's schema. */
export type BatchOperation =
  | { readonly op: 'create'; readonly task: Draft }
  | { readonly op: 'update'; readonly id: string; readonly if_match?: string; readonly task: Draft }
  | { readonly op: 'complete' | 'delete'; readonly id: string; readonly if_match?: string }

export interface Batch {
  readonly operations: readonly BatchOperation[]
}

/** The schema of each operation, by its `op`. */
const toOperations = ({ draft, patch }: FieldTable) => {
  const strict = (title: string) => ({ title, additionalProperties: false })
  return {
    create: Type.Object({ op: op('create'), task: draft }, strict('CreateOperation')),
    update: Type.Object(
      { op: op('update'), id: idField, if_match: ifMatchField, task: patch },
      strict('UpdateOperation'),
    ),
    complete: Type.Object(
      { op: op('complete'), id: idField, if_match: ifMatchField },
      strict('CompleteOperation'),
    ),
    delete: Type.Object(
      { op: op('delete'), id: idField, if_match: ifMatchField },
      strict('DeleteOperation'),
    ),
  }
}

/** For the document, where generated clients choose the type of an operation by its `op`. */
const toBatchSchema = (operations: ReturnType<typeof toOperations>) =>
  Type.Object(
    {
      operations: Type.Array(
        Type.Unsafe<BatchOperation>({
          title: 'BatchOperation',
          description: 'One operation on a task; `op` says which.',
          oneOf: Object.values(operations),
          discriminator: {
            propertyName: 'op',
            mapping: {
              create: '#/components/schemas/CreateOperation',
              update: '#/components/schemas/UpdateOperation',
              complete: '#/components/schemas/CompleteOperation',
              delete: '#/components/schemas/DeleteOperation',
            },
          },
        }),
        {
          minItems: 1,
          maxItems: MAX_BATCH,
          description: 'Operations on the same task run in this order.',
        },
      ),
    },
    {
      title: 'Batch',
      additionalProperties: false,
      examples: [
        {
          operations: [
            { op: 'create', task: { title: 'Book the room' } },
            { op: 'complete', id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e', if_match: '"1"' },
          ],
        },
      ],
    },
  )

/** The frame is checked first, then each operation by the schema of its `op`, so that an issue names the field that is wrong. */
const validateFrame = createValidator(
  Type.Object(
    { operations: Type.Array(Type.Unknown(), { minItems: 1, maxItems: MAX_BATCH }) },
    { additionalProperties: false },
  ),
)

type Validators = Readonly<Record<BatchOperation['op'], Validator<unknown>>>

/** A batch of operations on entities of a table: its schema for the document, and what checks it. */
export const createBatch = (table: FieldTable) => {
  const operations = toOperations(table)
  const validators: Validators = {
    create: createValidator(operations.create),
    update: createValidator(operations.update),
    complete: createValidator(operations.complete),
    delete: createValidator(operations.delete),
  }
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

const MAX_ERRORS = 20

/** The id in the form that it is kept in, so that two operations on one task, and a retry, are known as such. */
const withTaskId = (operation: BatchOperation): BatchOperation =>
  operation.op === 'create' ? operation : { ...operation, id: toTaskId(operation.id) }

const operationIssues = (
  validators: Validators,
  operation: unknown,
  at: string,
): readonly FieldError[] => {
  if (typeof operation !== 'object' || operation === null)
    return [{ pointer: at, detail: 'must be a JSON object' }]
  const name: unknown = 'op' in operation ? operation.op : undefined
  if (!isOperationName(validators, name))
    return [{ pointer: `${at}/op`, detail: `must be one of ${Object.keys(validators).join(', ')}` }]
  const result = validators[name](operation)
  return 'issues' in result
    ? result.issues.map(({ pointer, detail }) => ({ pointer: at + pointer.slice(1), detail }))
    : []
}

const isOperationName = (validators: Validators, name: unknown): name is BatchOperation['op'] =>
  typeof name === 'string' && Object.hasOwn(validators, name)
