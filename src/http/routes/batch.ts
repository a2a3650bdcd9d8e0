import type { FastifyRequest } from 'fastify'
import type { FieldTable } from '../../core/field-table.ts'
import { Type } from '../../core/typebox.ts'
import type { BatchResult, TaskService } from '../../task/task-service.ts'
import { createBatch, toOperations } from '../batch-body.ts'
import { BATCH_BODY_LIMIT } from '../body.ts'
import { HEADERS, jsonResponse, problems } from '../openapi.ts'
import { Problem, pathOf, STATUS, toProblem, toProblemDetails } from '../problem.ts'
import type { ReadContext } from '../request-context.ts'
import type { App } from '../typed-app.ts'
import { compileValidator, toFastify } from '../validation.ts'
import { BODY_ERRORS, CREATION_KEY, markReplay, WRITE_ERRORS } from './request-parts.ts'

const toAnswerSchema = ({ entity, example }: FieldTable) => {
  const BatchResultItem = Type.Object(
    {
      status: Type.Integer({
        description: 'The HTTP status that the operation would have had as a request of its own.',
      }),
      task: Type.Optional(entity),
      error: Type.Optional(Problem),
    },
    { title: 'BatchResult' },
  )

  return Type.Object(
    {
      results: Type.Array(BatchResultItem, {
        description: 'One result per operation, in the same order.',
      }),
    },
    {
      title: 'BatchAnswer',
      examples: [{ results: [{ status: 201, task: example }, { status: 204 }] }],
    },
  )
}

export const addBatchRoute = (
  app: App,
  service: TaskService,
  table: FieldTable,
  readContext: ReadContext,
): void => {
  const BatchAnswer = toAnswerSchema(table)
  const batch = createBatch(table)
  app.post(
    '/tasks/batch',
    {
      bodyLimit: BATCH_BODY_LIMIT,
      schema: {
        operationId: 'batchTasks',
        tags: ['tasks'],
        summary: 'Run many operations',
        description:
          'Runs up to 1,000 operations. All are validated first; if one is invalid, none ' +
          'runs. Then each succeeds or fails on its own and has its own result; operations on ' +
          'the same task run in order. With an Idempotency-Key a retry runs only what is ' +
          'missing, even after a crash; a result of a change then is the task as it is now. ' +
          'Each change counts as a key of its task: from the 101st in 24 hours its result is 429.',
        headers: Type.Object(CREATION_KEY),
        body: batch.schema,
        response: {
          200: jsonResponse('All operations succeeded', BatchAnswer, HEADERS.replayed),
          207: jsonResponse(
            'Some operations failed; see the `error` of each',
            BatchAnswer,
            HEADERS.replayed,
          ),
          ...problems(...BODY_ERRORS, ...WRITE_ERRORS, 'idempotency_key_reused'),
        },
      },
      validatorCompiler: (part) =>
        part.httpPart === 'body' ? toFastify(batch.validate) : compileValidator(part),
    },
    async (request, reply) => {
      const operations = toOperations(request.body)
      const context = readContext(request, 'POST /tasks/batch', request.body)
      const results = await service.batch(context, operations)
      const replayed = results.every((result) => result.kind !== 'failed' && result.replayed)
      return markReplay(reply, replayed)
        .code(results.some(({ kind }) => kind === 'failed') ? 207 : 200)
        .header('content-type', 'application/json; charset=utf-8')
        .send(`{"results":[${results.map((result) => toText(result, request)).join(',')}]}`)
    },
  )
}

const toText = (result: BatchResult, request: FastifyRequest): string => {
  switch (result.kind) {
    case 'created':
      return `{"status":201,"task":${result.entity.json}}`
    case 'changed':
      return `{"status":200,"task":${result.entity.json}}`
    case 'deleted':
      return '{"status":204}'
    case 'failed': {
      const fault = toProblemDetails(result.error)
      if (fault.code === 'internal_error')
        request.log.error({ err: result.error, request_id: request.id }, 'batch operation failed')
      return `{"status":${STATUS[fault.code]},"error":${toProblem(fault, pathOf(request.url), request.id)}}`
    }
  }
}
