import type { FastifyReply, FastifyRequest } from 'fastify'
import { taskId } from '../../core/entity.ts'
import { invalidInput } from '../../core/errors.ts'
import { Type } from '../../core/typebox.ts'

/** What goes wrong with a body, with the database, and with a write. */
export const BODY_ERRORS = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const
export const DATABASE_ERRORS = ['database_unavailable', 'database_not_configured'] as const
export const WRITE_ERRORS = ['origin_not_allowed', ...DATABASE_ERRORS, 'outcome_unknown'] as const

export const TaskId = Type.Object({ id: taskId('The id of the task.') })

const idempotencyKey = (description: string) => ({
  'idempotency-key': Type.Optional(
    Type.Refine(
      Type.String({ minLength: 1, maxLength: 200, description }),
      (key) => /^[\x20-\x7e]+$/.test(key),
      () => 'a text of 1 to 200 printable ASCII characters',
    ),
  ),
})

/** The key of a creation or a batch, and that of a change or a deletion. */
export const CREATION_KEY = idempotencyKey(
  'A text unique to this request, kept for 24 hours. A retry with the same key repeats nothing.',
)
export const CHANGE_KEY = idempotencyKey(
  'A text unique to this request on this task, kept for 24 hours. A retry with the same key ' +
    'changes nothing, whatever its preconditions, and gets the task as it is now. ' +
    'Up to 100 keys of one task are kept.',
)

export const markReplay = (reply: FastifyReply, replayed: boolean): FastifyReply =>
  replayed ? reply.header('idempotent-replayed', 'true') : reply

/**
 * For writes that are safe to repeat and keep no key: a key is refused, not ignored, as it would
 * promise that a retry gets the same answer.
 */
export const refuseKey = async ({ headers }: FastifyRequest): Promise<void> => {
  if (headers['idempotency-key'] === undefined) return
  const detail = 'is not supported here: leave it out, this request is safe to repeat'
  throw invalidInput([{ pointer: '#/idempotency-key', detail }])
}
