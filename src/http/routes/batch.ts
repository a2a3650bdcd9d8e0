import type { FastifyRequest } from 'fastify'
import { Batch, validateBatch } from '../../core/batch.ts'
import { EXAMPLE_TASK, Task } from '../../core/task.ts'
import type { BatchResult, TaskService } from '../../core/task-service.ts'
import { Type } from '../../core/typebox.ts'
import { BATCH_BODY_LIMIT } from '../body.ts'
import { answer, HEADERS, problems } from '../openapi.ts'
import { Problem, pathOf, STATUS, toFault, toProblem } from '../problem.ts'
import type { App } from '../typed-app.ts'
import { compileValidator, toFastify } from '../validation.ts'
import { ACTOR, IdempotencyKeyHeader, toRetryKey } from './request-parts.ts'

const BatchAnswer = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        status: Type.Integer({ description: 'What the operation would have been answered on its own.' }),
        task: Type.Optional(Task),
        error: Type.Optional(Problem),
      }),
      { description: 'One for each operation, in their order.' },
    ),
  },
  {
    title: 'BatchAnswer',
    examples: [{ results: [{ status: 201, task: EXAMPLE_TASK }, { status: 204 }] }],
  },
)

export const addBatchRoute = (app: App, service: TaskService): void => {
  app.post(
    '/tasks/batch',
    {
      bodyLimit: BATCH_BODY_LIMIT,
      schema: {
        operationId: 'batchTasks',
        tags: ['tasks'],
        summary: 'Carry out many operations',
        description:
          'Up to 1,000 operations. All are checked first: one that is invalid and nothing is done. Then each is carried out on its own and told of on its own; those on one task in their order. It is not all or nothing. With an Idempotency-Key a retry does what is missing and repeats nothing, even after a crash in the middle.',
        headers: IdempotencyKeyHeader,
        body: Batch,
        response: {
          200: answer('All went well', BatchAnswer, HEADERS.replayed),
          207: answer('Some operations failed: see their errors', BatchAnswer, HEADERS.replayed),
          ...problems(
            'malformed_json',
            'body_too_large',
            'unsupported_media_type',
            'idempotency_key_reused',
            'database_unavailable',
            'outcome_unknown',
            'database_not_configured',
          ),
        },
      },
      validatorCompiler: (part) => (part.httpPart === 'body' ? toFastify(validateBatch) : compileValidator(part)),
    },
    async (request, reply) => {
      const retry = toRetryKey(request.headers['idempotency-key'], 'POST /tasks/batch', request.body)
      const results = await service.batch(request.body.operations, ACTOR, retry)
      if (results.every((result) => result.kind !== 'failed' && result.replayed)) reply.header('idempotent-replayed', 'true')
      return reply
        .code(results.some(({ kind }) => kind === 'failed') ? 207 : 200)
        .header('content-type', 'application/json; charset=utf-8')
        .send(`{"results":[${results.map((result) => toText(result, request)).join(',')}]}`)
    },
  )
}

const toText = (result: BatchResult, request: FastifyRequest): string => {
  switch (result.kind) {
    case 'created':
      return `{"status":201,"task":${result.task.json}}`
    case 'changed':
      return `{"status":200,"task":${result.task.json}}`
    case 'deleted':
      return '{"status":204}'
    case 'failed': {
      const fault = toFault(result.error)
      if (fault.code === 'internal_error')
        request.log.error({ err: result.error, request_id: request.id }, 'batch operation failed')
      return `{"status":${STATUS[fault.code]},"error":${toProblem(fault, pathOf(request.url), request.id)}}`
    }
  }
}
