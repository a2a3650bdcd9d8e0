import type { Static } from 'typebox'
import { taskId, toTaskId } from '../core/entity.ts'
import { notFound } from '../core/errors.ts'
import { Type } from '../core/typebox.ts'
import type { Feature } from '../http/app.ts'
import { NO_BODY, optionalBody } from '../http/body.ts'
import { emptyResponse, jsonResponse, problems } from '../http/openapi.ts'
import { HttpError } from '../http/problem.ts'
import { BODY_ERRORS, refuseKey, TaskId } from '../http/routes/request-parts.ts'
import type { App } from '../http/typed-app.ts'
import { addGithubGauges } from './gauges.ts'
import { GithubStatus } from './github-status.ts'
import { type IssueLink, toTaskSync } from './issue/issue-link.ts'
import { EXAMPLE_SYNC, SYNC_STATUSES, TaskSync } from './issue/task-sync.ts'
import type { Webhook } from './webhook.ts'
import { addWebhookRoute } from './webhook-route.ts'

/** What these routes need of the GitHub sync. */
export interface GithubSync {
  readonly webhook: Webhook
  readonly operations: {
    status(): Promise<GithubStatus>
    link(taskId: string): Promise<IssueLink | null | undefined>
    jobs(
      status: IssueLink['status'],
      after: string | undefined,
      limit: number,
    ): Promise<IssueLink[]>
    retry(taskId: string): Promise<boolean>
    retryAll(reason: string | undefined): Promise<number>
    linkAll(isDryRun: boolean): Promise<number>
  }
}

const MAX_JOBS = 1000

/** How many are read together, as each holds the texts of its issue twice. */
const JOBS_AT_ONCE = 50

const GithubJob = Type.Object(
  { task_id: taskId('The id of the task.'), sync: TaskSync },
  {
    title: 'GithubJob',
    examples: [{ task_id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e', sync: EXAMPLE_SYNC }],
  },
)

const Count = Type.Object(
  { count: Type.Integer({ description: 'The number of tasks.' }) },
  { title: 'TaskCount', examples: [{ count: 3 }] },
)

const RetryRequest = Type.Object(
  {
    reason: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'Only tasks whose `sync.error.code` is this; without it, all.',
      }),
    ),
  },
  { title: 'RetryRequest', additionalProperties: false, examples: [{ reason: 'unauthorized' }] },
)

const LinkRequest = Type.Object(
  {
    dry_run: Type.Optional(
      Type.Boolean({ description: 'Count the tasks without creating issues.' }),
    ),
  },
  { title: 'LinkRequest', additionalProperties: false, examples: [{ dry_run: true }] },
)

const FAULTS = ['github_not_configured', 'database_unavailable'] as const
const BODY = [...BODY_ERRORS, 'origin_not_allowed', 'outcome_unknown'] as const

/**
 * The operator's view of the GitHub sync, and its webhook. Without GitHub all of it is 404,
 * whatever else is wrong with the request.
 */
export const createGithubFeature = (github: GithubSync | undefined): Feature => {
  const requireGithub = (): GithubSync => {
    if (github === undefined) throw new HttpError('github_not_configured', 'GitHub not configured')
    return github
  }
  return {
    async addRoutes(app) {
      await app.register(async (scope) => {
        scope.addHook('onRequest', async () => void requireGithub())
        addOperatorRoutes(scope, requireGithub)
        scope.register(async (raw) => addWebhookRoute(raw, () => requireGithub().webhook))
      })
    },
    addMetrics(registry) {
      if (github !== undefined) addGithubGauges(registry, github.operations)
    },
  }
}

const addOperatorRoutes = (app: App, requireGithub: () => GithubSync): void => {
  app.get(
    '/github/status',
    {
      schema: {
        operationId: 'getGithubStatus',
        tags: ['github'],
        summary: 'Get the state of the sync',
        description:
          'What stops or pauses the sync, the rate limit, and the number of tasks by sync state.',
        response: {
          200: jsonResponse('The state of the sync', GithubStatus),
          ...problems(...FAULTS),
        },
      },
    },
    async () => requireGithub().operations.status(),
  )

  app.get(
    '/github/jobs',
    {
      schema: {
        operationId: 'listGithubJobs',
        tags: ['github'],
        summary: 'List tasks by sync state',
        description:
          'The tasks in one sync state, sorted by task id. For the next page send the last task id as `after`.',
        querystring: Type.Object(
          {
            state: Type.Enum([...SYNC_STATUSES], {
              type: 'string',
              description: 'The sync state.',
            }),
            after: Type.Optional(taskId('The task id after which the list begins.')),
            limit: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: MAX_JOBS,
                description: 'The maximum number of tasks; default 100.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: jsonResponse('The tasks', Type.Array(GithubJob)), ...problems(...FAULTS) },
      },
    },
    async (request) => {
      const { state, after, limit = 100 } = request.query
      return readJobs(requireGithub().operations, state, after && toTaskId(after), limit)
    },
  )

  app.post(
    '/github/jobs/retry',
    {
      preValidation: refuseKey,
      schema: {
        operationId: 'retryGithubJobs',
        tags: ['github'],
        summary: 'Retry stopped syncs',
        description:
          'Retries all tasks whose sync is `blocked`, `failed` or `issue_missing`, or those stopped for one reason.',
        body: optionalBody(RetryRequest),
        response: {
          200: jsonResponse('The number of tasks that are retried', Count),
          ...problems(...FAULTS, ...BODY),
        },
      },
    },
    async (request) => ({ count: await requireGithub().operations.retryAll(request.body?.reason) }),
  )

  app.post(
    '/github/link',
    {
      preValidation: refuseKey,
      schema: {
        operationId: 'linkTasks',
        tags: ['github'],
        summary: 'Create issues for tasks without one',
        description:
          'Covers the tasks created before GitHub was configured. With `dry_run` they are only counted.',
        body: optionalBody(LinkRequest),
        response: {
          200: jsonResponse('The number of tasks', Count),
          ...problems(...FAULTS, ...BODY),
        },
      },
    },
    async (request) => ({
      count: await requireGithub().operations.linkAll(request.body?.dry_run === true),
    }),
  )

  app.get(
    '/tasks/:id/sync',
    {
      schema: {
        operationId: 'getTaskSync',
        tags: ['github'],
        summary: 'Get the sync state of a task',
        description: 'The state of the GitHub issue of the task.',
        params: TaskId,
        response: {
          200: jsonResponse('The state of the issue', TaskSync),
          ...problems(...FAULTS, 'not_found', 'not_linked'),
        },
      },
    },
    async (request) => {
      const link = await requireGithub().operations.link(request.params.id)
      if (link === undefined) throw notFound()
      if (link === null) throw new HttpError('not_linked', 'The task has no GitHub issue')
      return toTaskSync(link)
    },
  )

  app.post(
    '/tasks/:id/sync',
    {
      preValidation: refuseKey,
      schema: {
        operationId: 'syncTask',
        tags: ['github'],
        summary: 'Sync a task now',
        description:
          'Retries the sync of the task, whatever its state. A task without an issue gets one.',
        params: TaskId,
        body: NO_BODY,
        response: {
          202: emptyResponse('The sync was started'),
          ...problems(...FAULTS, ...BODY, 'not_found'),
        },
      },
    },
    async (request, reply) => {
      if (!(await requireGithub().operations.retry(request.params.id))) throw notFound()
      return reply.code(202).send()
    },
  )
}

const readJobs = async (
  { jobs }: GithubSync['operations'],
  state: IssueLink['status'],
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
