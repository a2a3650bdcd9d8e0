import type { Static } from 'typebox'
import { Type } from '../core/typebox.ts'
import { SyncError } from './issue/task-sync.ts'

const instant = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })

/** How the GitHub sync stands, as GET /github/status tells it. */
export const GithubStatus = Type.Object(
  {
    repository: Type.String({ description: 'The current name of the repository.' }),
    blocked: Type.Union([SyncError, Type.Null()], {
      description: 'Why the whole sync is stopped until a person acts; null if it is not.',
    }),
    budget: Type.Union(
      [
        Type.Object(
          {
            limit: Type.Integer({ description: 'Requests per hour.' }),
            remaining: Type.Integer({ description: 'Requests left until `resets_at`.' }),
            resets_at: instant('When the limit is reset.'),
          },
          { title: 'GithubBudget', additionalProperties: false },
        ),
        Type.Null(),
      ],
      {
        description:
          'The primary rate limit of the credential as last reported by GitHub; null before the first report.',
      },
    ),
    paused_until: instant('Until when a rate limit pauses the sync; null if it is not paused.'),
    pause_reason: Type.Union([Type.String(), Type.Null()], {
      description:
        'The rate limit that pauses the sync: `primary` or `secondary`; null if it is not paused.',
    }),
    next_issue_at: instant(
      'When the next issue may be created, if the limit on new issues delays it.',
    ),
    jobs: Type.Record(Type.String(), Type.Integer(), {
      description: 'The number of tasks by sync state.',
    }),
    last_sweep_at: instant('When the repository was last polled for changes.'),
    last_delivery_at: instant('When the last webhook delivery arrived.'),
    clock_offset_ms: Type.Union([Type.Integer(), Type.Null()], {
      description:
        "How far this service's clock is ahead of GitHub's, in milliseconds; negative if it is behind; null until GitHub has answered.",
    }),
    warnings: Type.Array(SyncError, {
      description:
        'What a person should fix while the sync goes on: `clock_offset` if the clock is off by more than a minute.',
    }),
  },
  {
    title: 'GithubStatus',
    examples: [
      {
        repository: 'acme/tasks',
        blocked: null,
        budget: { limit: 5000, remaining: 4870, resets_at: '2026-03-01T09:42:00.000Z' },
        paused_until: null,
        pause_reason: null,
        next_issue_at: null,
        jobs: { linked: 41, outdated: 1 },
        last_sweep_at: '2026-03-01T09:00:00.000Z',
        last_delivery_at: null,
        clock_offset_ms: 0,
        warnings: [],
      },
    ],
  },
)
export type GithubStatus = Static<typeof GithubStatus>
