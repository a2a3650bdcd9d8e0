import type { Static, TSchema } from 'typebox'
import type { FieldError } from '../core/errors.ts'
import type { Preconditions } from '../core/preconditions.ts'
import { TaskDraft, TaskPatch, taskId, toTaskId } from '../core/task.ts'
import type { Operation } from '../core/task-service.ts'
import { Type } from '../core/typebox.ts'
import { createValidator, type Validator } from '../core/validation.ts'
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
const idField = taskId('The id of the task.')

const op = <Name extends string>(name: Name) =>
  Type.Literal(name, { description: 'The kind of the operation.' })

const CreateOperation = Type.Object(
  { op: op('create'), task: TaskDraft },
  { title: 'CreateOperation', additionalProperties: false },
)
const UpdateOperation = Type.Object(
  { op: op('update'), id: idField, if_match: ifMatchField, task: TaskPatch },
  { title: 'UpdateOperation', additionalProperties: false },
)
const CompleteOperation = Type.Object(
  { op: op('complete'), id: idField, if_match: ifMatchField },
  { title: 'CompleteOperation', additionalProperties: false },
)
const DeleteOperation = Type.Object(
  { op: op('delete'), id: idField, if_match: ifMatchField },
  { title: 'DeleteOperation', additionalProperties: false },
)

export type BatchOperation =
  | Static<typeof CreateOperation>
  | Static<typeof UpdateOperation>
  | Static<typeof CompleteOperation>
  | Static<typeof DeleteOperation>

/** For the document, where generated clients choose the type of an operation by its `op`. */
export const BatchOperation = Type.Unsafe<BatchOperation>({
  title: 'BatchOperation',
  description: 'One operation on a task; `op` says which.',
  oneOf: [CreateOperation, UpdateOperation, CompleteOperation, DeleteOperation],
  discriminator: {
    propertyName: 'op',
    mapping: {
      create: '#/components/schemas/CreateOperation',
      update: '#/components/schemas/UpdateOperation',
      complete: '#/components/schemas/CompleteOperation',
      delete: '#/components/schemas/DeleteOperation',
    },
  },
})

export const Batch = Type.Object(
  {
    operations: Type.Array(BatchOperation, {
      minItems: 1,
      maxItems: MAX_BATCH,
      description: 'Operations on the same task run in this order.',
    }),
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
export type Batch = Static<typeof Batch>

/** The frame is checked first, then each operation by the schema of its `op`, so that an issue names the field that is wrong. */
const validateFrame = createValidator(
  Type.Object(
    { operations: Type.Array(Type.Unknown(), { minItems: 1, maxItems: MAX_BATCH }) },
    { additionalProperties: false },
  ),
)

const validators: Record<BatchOperation['op'], Validator<unknown>> = {
  create: createValidator(CreateOperation),
  update: createValidator(UpdateOperation),
  complete: createValidator(CompleteOperation),
  delete: createValidator(DeleteOperation),
} satisfies Record<string, Validator<TSchema>>

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

export const validateBatch: Validator<Batch> = (value) => {
  const frame = validateFrame(value)
  if ('issues' in frame) return frame
  const issues: FieldError[] = []
  for (const [index, operation] of frame.value.operations.entries()) {
    if (issues.length >= MAX_ERRORS) break
    issues.push(...operationIssues(operation, `#/operations/${index}`))
  }
  if (issues.length > 0) return { issues }
  return { value: { operations: (value as Batch).operations.map(withTaskId) } }
}

const operationIssues = (operation: unknown, at: string): readonly FieldError[] => {
  if (typeof operation !== 'object' || operation === null)
    return [{ pointer: at, detail: 'must be a JSON object' }]
  const name: unknown = 'op' in operation ? operation.op : undefined
  if (!isOperationName(name))
    return [{ pointer: `${at}/op`, detail: `must be one of ${Object.keys(validators).join(', ')}` }]
  const result = validators[name](operation)
  return 'issues' in result
    ? result.issues.map(({ pointer, detail }) => ({ pointer: at + pointer.slice(1), detail }))
    : []
}

const isOperationName = (name: unknown): name is BatchOperation['op'] =>
  typeof name === 'string' && Object.hasOwn(validators, name)
