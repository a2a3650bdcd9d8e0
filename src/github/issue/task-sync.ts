import type { Static } from 'typebox'
import { Type } from '../../core/typebox.ts'

/** The states of a task's issue. */
export const SYNC_STATUSES = [
  'pending',
  'creating',
  'linked',
  'outdated',
  'updating',
  'unconfirmed',
  'blocked',
  'issue_missing',
  'failed',
] as const
export const SyncStatus = Type.Enum([...SYNC_STATUSES], {
  type: 'string',
  description:
    'The state of the issue. `pending`: not created yet. `creating`: being created. ' +
    '`unconfirmed`: creation not confirmed. `linked`: equal to the task. `outdated`: task and ' +
    'issue differ. `updating`: being updated. `blocked`: needs a person. `issue_missing`: ' +
    'deleted or moved. `failed`: given up after failing for a day.',
})
export type SyncStatus = (typeof SYNC_STATUSES)[number]

/**
 * What keeps an issue from being equal to its task: a name for programs, the reason, and what mends
 * it.
 */
export const SyncError = Type.Object(
  {
    code: Type.String({ description: 'The name of the reason, for programs.' }),
    detail: Type.String({ description: 'What is wrong.' }),
    action: Type.String({ description: 'What to do about it.' }),
  },
  { title: 'SyncError', additionalProperties: false },
)
export type SyncError = Readonly<Static<typeof SyncError>>

const nullable = <S extends ReturnType<typeof Type.String>>(schema: S) =>
  Type.Union([schema, Type.Null()])

/** How a linked task's issue stands, as the documentation shows it. */
export const EXAMPLE_SYNC = {
  status: 'linked',
  issue_url: 'https://github.com/acme/tasks/issues/42',
  issue_number: 42,
  last_synced_at: '2026-03-01T09:00:01.200Z',
  next_attempt_at: null,
  error: null,
}

/** The state of a task's issue, as GET /tasks/{id}/sync shows it. */
export const TaskSync = Type.Object(
  {
    status: SyncStatus,
    issue_url: nullable(
      Type.String({ description: 'The URL of the issue page; null until it is known.' }),
    ),
    issue_number: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description: 'The number of the issue in its repository; null until it is known.',
    }),
    last_synced_at: nullable(
      Type.String({
        format: 'date-time',
        description: 'When task and issue were last seen to be equal.',
      }),
    ),
    next_attempt_at: nullable(
      Type.String({
        format: 'date-time',
        description: 'When the next attempt is due; null if none is planned.',
      }),
    ),
    error: Type.Union([SyncError, Type.Null()], {
      description: 'Why task and issue differ; null without an error.',
    }),
  },
  { title: 'TaskSync', additionalProperties: false, examples: [EXAMPLE_SYNC] },
)
export type TaskSync = Readonly<Static<typeof TaskSync>>
