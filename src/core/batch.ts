import type { Static, TSchema } from 'typebox'
import type { InputIssue } from './errors.ts'
import { TaskDraft, TaskPatch } from './task.ts'
import { Type } from './typebox.ts'
import { createValidator, type Validator } from './validation.ts'

/** How many operations one batch may hold. */
export const BATCH_MOST = 1000

const ifMatchField = Type.Optional(
  Type.String({ description: 'An ETag, as in the If-Match header: the operation is refused when the task has moved on.' }),
)
const idField = Type.String({ description: 'The id of the task.' })

const CreateOperation = Type.Object(
  { op: Type.Literal('create'), task: TaskDraft },
  { title: 'CreateOperation', additionalProperties: false },
)
const UpdateOperation = Type.Object(
  { op: Type.Literal('update'), id: idField, if_match: ifMatchField, task: TaskPatch },
  { title: 'UpdateOperation', additionalProperties: false },
)
const CompleteOperation = Type.Object(
  { op: Type.Literal('complete'), id: idField, if_match: ifMatchField },
  { title: 'CompleteOperation', additionalProperties: false },
)
const DeleteOperation = Type.Object(
  { op: Type.Literal('delete'), id: idField, if_match: ifMatchField },
  { title: 'DeleteOperation', additionalProperties: false },
)

export const BatchOperation = Type.Union([CreateOperation, UpdateOperation, CompleteOperation, DeleteOperation], {
  title: 'BatchOperation',
})
export type BatchOperation = Static<typeof BatchOperation>

export const Batch = Type.Object(
  {
    operations: Type.Array(BatchOperation, {
      minItems: 1,
      maxItems: BATCH_MOST,
      description: 'Carried out one by one, those on the same task in their order.',
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
  Type.Object({ operations: Type.Array(Type.Unknown(), { minItems: 1, maxItems: BATCH_MOST }) }, { additionalProperties: false }),
)

const validators: Record<BatchOperation['op'], Validator<unknown>> = {
  create: createValidator(CreateOperation),
  update: createValidator(UpdateOperation),
  complete: createValidator(CompleteOperation),
  delete: createValidator(DeleteOperation),
} satisfies Record<string, Validator<TSchema>>

const ISSUES_MOST = 20

export const validateBatch: Validator<Batch> = (value) => {
  const frame = validateFrame(value)
  if ('issues' in frame) return frame
  const issues: InputIssue[] = []
  for (const [index, operation] of frame.value.operations.entries()) {
    if (issues.length >= ISSUES_MOST) break
    issues.push(...operationIssues(operation, `#/operations/${index}`))
  }
  return issues.length > 0 ? { issues } : { value: { operations: (value as Batch).operations.map(withCanonicalId) } }
}

/** UUIDs are written in lower case and read in either (RFC 9562, 4). */
const withCanonicalId = (operation: BatchOperation): BatchOperation =>
  operation.op === 'create' ? operation : { ...operation, id: operation.id.toLowerCase() }

const operationIssues = (operation: unknown, at: string): readonly InputIssue[] => {
  if (typeof operation !== 'object' || operation === null) return [{ pointer: at, detail: 'must be a JSON object' }]
  const name: unknown = 'op' in operation ? operation.op : undefined
  if (!isOperationName(name)) return [{ pointer: `${at}/op`, detail: `must be one of ${Object.keys(validators).join(', ')}` }]
  const result = validators[name](operation)
  return 'issues' in result ? result.issues.map(({ pointer, detail }) => ({ pointer: at + pointer.slice(1), detail })) : []
}

const isOperationName = (name: unknown): name is BatchOperation['op'] =>
  typeof name === 'string' && Object.hasOwn(validators, name)
