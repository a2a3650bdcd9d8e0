import type { Static } from 'typebox'
import { SyncError } from './task-sync.ts'
import { Type } from './typebox.ts'

const instant = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])

/** How the GitHub sync stands, as GET /github/status tells it. */
export const GithubStatus = Type.Object(
  {
    repository: Type.String({ description: 'The repository, by the name that it has now.' }),
    blocked: Type.Union([SyncError, Type.Null()], { description: 'What keeps everything from GitHub until a person mends it.' }),
    budget: Type.Union(
      [
        Type.Object({ limit: Type.Integer(), remaining: Type.Integer(), resets_at: instant }, { additionalProperties: false }),
        Type.Null(),
      ],
      { description: "What is left of the credential's requests until then, as GitHub said last; null before it has." },
    ),
    paused_until: instant,
    pause_reason: Type.Union([Type.String(), Type.Null()], { description: 'Which limit: primary or secondary.' }),
    next_issue_at: instant,
    jobs: Type.Record(Type.String(), Type.Integer(), { description: 'How many tasks are in each state.' }),
    last_sweep_at: instant,
    last_delivery_at: instant,
    clock_offset_ms: Type.Union([Type.Integer(), Type.Null()], {
      description:
        "How far this service's clock is ahead of GitHub's, in milliseconds; negative if it is behind; null until GitHub has answered.",
    }),
    warnings: Type.Array(SyncError, {
      description: 'What a person should fix while the sync goes on: `clock_offset` if the clock is off by more than a minute.',
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
        jobs: { linked: 41, dirty: 1 },
        last_sweep_at: '2026-03-01T09:00:00.000Z',
        last_delivery_at: null,
        clock_offset_ms: 0,
        warnings: [],
      },
    ],
  },
)
export type GithubStatus = Static<typeof GithubStatus>
