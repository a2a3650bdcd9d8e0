import { toFingerprint } from '../../core/fingerprint.ts'
import { taskId } from '../../core/task.ts'
import type { RetryKey } from '../../core/task-service.ts'
import { Type } from '../../core/typebox.ts'

/** What goes wrong with a body, with the database, and with a write. */
export const INPUT = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const
export const DATABASE = ['database_unavailable', 'database_not_configured'] as const
export const WRITE = ['origin_not_allowed', ...DATABASE, 'outcome_unknown'] as const

/** Who the history names for a change that came through this API. */
export const ACTOR = 'api'

export const TaskId = Type.Object({ id: taskId('The id of the task.') })

export const IdempotencyKeyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.Refine(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description:
          'A text unique to this request, kept for 24 hours. A retry with the same key gets ' +
          'the first response and changes nothing.',
      }),
      (key) => /^[\x20-\x7e]+$/.test(key),
      () => 'a text of 1 to 200 printable ASCII characters',
    ),
  ),
})

/** What a retry of this request is known by, when it bears a key. */
export const toRetryKey = (key: string | undefined, purpose: string, body: unknown): RetryKey | undefined =>
  key === undefined ? undefined : { key, fingerprint: toFingerprint(purpose, body) }
