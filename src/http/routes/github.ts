import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { notFound } from '../../core/errors.ts'
import { GithubStatus } from '../../core/github-status.ts'
import { type SyncLink, toTaskSync } from '../../core/sync-link.ts'
import { EXAMPLE_SYNC, SYNC_STATUSES, TaskSync } from '../../core/task-sync.ts'
import { Type } from '../../core/typebox.ts'
import { answer, emptyAnswer, problems } from '../openapi.ts'
import { HttpError } from '../problem.ts'
import type { App } from '../typed-app.ts'
import { INPUT, TaskId } from './request-parts.ts'

/** What these routes need of the GitHub sync. */
export interface GithubDoor {
  readonly webhook: {
    receive(delivery: {
      id: string
      event: string
      signature: string | undefined
      body: Buffer
    }): Promise<'taken' | 'not_ours' | 'unsigned' | 'malformed'>
  }
  readonly operations: {
    status(): Promise<GithubStatus>
    jobs(status: SyncLink['status'], after: string | undefined, limit: number): Promise<SyncLink[]>
    retry(taskId: string): Promise<boolean>
    retryAll(reason: string | undefined): Promise<number>
    linkAll(isDryRun: boolean): Promise<number>
  }
}

/** GitHub sends more than a task can hold: both texts of an issue, before and after. */
const DELIVERY_LIMIT = 8 * 1024 * 1024

const JOBS_MOST = 1000

/** So many are read at once, as each holds the texts of its issue twice. */
const JOBS_AT_ONCE = 50

const GithubJob = Type.Object(
  { task_id: Type.String({ format: 'uuid' }), sync: TaskSync },
  { title: 'GithubJob', examples: [{ task_id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e', sync: EXAMPLE_SYNC }] },
)

const Count = Type.Object(
  { count: Type.Integer({ description: 'How many tasks.' }) },
  { title: 'TaskCount', examples: [{ count: 3 }] },
)

const RetryRequest = Type.Union(
  [
    Type.Object(
      {
        reason: Type.Optional(Type.String({ maxLength: 100, description: 'The code of an error; absent: whatever the reason.' })),
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ],
  { examples: [{ reason: 'unauthorized' }] },
)

const LinkRequest = Type.Union(
  [
    Type.Object({ dry_run: Type.Optional(Type.Boolean({ description: 'Only count.' })) }, { additionalProperties: false }),
    Type.Null(),
  ],
  { examples: [{ dry_run: true }] },
)

const FAULTS = ['github_not_configured', 'database_unavailable'] as const
const BODY = [...INPUT, 'outcome_unknown'] as const

/**
 * The operator's view of the GitHub sync, and its webhook. Without GitHub all of it is 404, whatever
 * else is wrong with the request.
 */
export const addGithubRoutes = async (app: App, github: GithubDoor | undefined): Promise<void> => {
  const door = (): GithubDoor => {
    if (github === undefined) throw new HttpError('github_not_configured', 'GitHub not configured')
    return github
  }
  await app.register(async (scope) => {
    scope.addHook('onRequest', async () => void door())
    addOperatorRoutes(scope, door)
    scope.register(async (raw) => addWebhookRoute(raw, door))
  })
}

const addOperatorRoutes = (app: App, door: () => GithubDoor): void => {
  app.get(
    '/github/status',
    {
      schema: {
        operationId: 'getGithubStatus',
        tags: ['github'],
        summary: 'See how the sync stands',
        description: 'What keeps it, until when, and how many tasks are in each state.',
        response: { 200: answer('How it stands', GithubStatus), ...problems(...FAULTS) },
      },
    },
    async () => door().operations.status(),
  )

  app.get(
    '/github/jobs',
    {
      schema: {
        operationId: 'listGithubJobs',
        tags: ['github'],
        summary: 'List the tasks of a sync state',
        description: 'By task id. `after` goes on behind a task id.',
        querystring: Type.Object(
          {
            state: Type.Enum([...SYNC_STATUSES], { type: 'string', description: 'The state.' }),
            after: Type.Optional(Type.String({ description: 'A task id: the list goes on behind it.' })),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: JOBS_MOST, description: 'So many; 100 unless given.' })),
          },
          { additionalProperties: false },
        ),
        response: { 200: answer('The tasks', Type.Array(GithubJob)), ...problems(...FAULTS) },
      },
    },
    async (request) => {
      const { state, after, limit = 100 } = request.query
      return readJobs(door().operations, state, after?.toLowerCase(), limit)
    },
  )

  app.post(
    '/github/jobs/retry',
    {
      schema: {
        operationId: 'retryGithubJobs',
        tags: ['github'],
        summary: 'Try again what waits for a person',
        description: 'Whatever is blocked, dead or gone at GitHub, or what is so for one reason.',
        body: RetryRequest,
        response: { 200: answer('How many are tried again', Count), ...problems(...FAULTS, ...BODY) },
      },
    },
    async (request) => ({ count: await door().operations.retryAll(request.body?.reason) }),
  )

  app.post(
    '/github/link',
    {
      schema: {
        operationId: 'linkTasks',
        tags: ['github'],
        summary: 'Open issues for the tasks that have none',
        description: 'For those from before GitHub was configured. With `dry_run` they are only counted.',
        body: LinkRequest,
        response: { 200: answer('How many tasks', Count), ...problems(...FAULTS, ...BODY) },
      },
    },
    async (request) => ({ count: await door().operations.linkAll(request.body?.dry_run === true) }),
  )

  app.post(
    '/tasks/:id/sync',
    {
      schema: {
        operationId: 'syncTask',
        tags: ['github'],
        summary: 'Try the sync of a task now',
        description: 'Also when it was given up or waits for a person. A task from before GitHub was configured gets its issue.',
        params: TaskId,
        body: Type.Union([Type.Object({}, { additionalProperties: false }), Type.Null()]),
        response: { 202: emptyAnswer('It is tried'), ...problems(...FAULTS, ...BODY, 'not_found') },
      },
    },
    async (request, reply) => {
      if (!(await door().operations.retry(request.params.id))) throw notFound()
      return reply.code(202).send()
    },
  )
}

const readJobs = async (
  { jobs }: GithubDoor['operations'],
  state: SyncLink['status'],
  after: string | undefined,
  limit: number,
): Promise<Static<typeof GithubJob>[]> => {
  const read: Static<typeof GithubJob>[] = []
  for (let left = limit; left > 0; left = limit - read.length) {
    const size = Math.min(left, JOBS_AT_ONCE)
    const links = await jobs(state, read.at(-1)?.task_id ?? after, size)
    for (const link of links) read.push({ task_id: link.taskId, sync: toTaskSync(link) })
    if (links.length < size) break
  }
  return read
}

/** In a scope of its own, as it needs the very bytes of the body. */
const addWebhookRoute = (scope: FastifyInstance, door: () => GithubDoor): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  scope.post(
    '/github/webhook',
    {
      bodyLimit: DELIVERY_LIMIT,
      schema: {
        operationId: 'receiveDelivery',
        tags: ['github'],
        summary: 'Take a delivery of GitHub',
        description:
          'For a webhook with content type application/json and the event `issues`, signed with GITHUB_WEBHOOK_SECRET.',
        response: {
          202: emptyAnswer('Taken, also when it is no news'),
          ...problems('github_not_configured', 'invalid_signature', ...INPUT),
        },
      },
    },
    async (request, reply) => {
      const { headers } = request
      const delivery = {
        id: String(headers['x-github-delivery'] ?? ''),
        event: String(headers['x-github-event'] ?? ''),
        signature: headers['x-hub-signature-256']?.toString(),
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      }
      /** A delivery that can't be kept is not lost: the next sweep sees what it told of. So GitHub is never answered 5xx. */
      const receipt = await door()
        .webhook.receive(delivery)
        .catch((error: unknown) => {
          request.log.warn({ err: error }, 'a delivery of GitHub could not be kept; the next sweep makes up for it')
          return 'taken' as const
        })
      if (receipt === 'unsigned') throw new HttpError('invalid_signature', 'The signature is missing or wrong')
      if (receipt === 'malformed') throw new HttpError('malformed_json', 'The body is no delivery of GitHub')
      return reply.code(202).send()
    },
  )
}
