import type { FastifyInstance } from 'fastify'
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
import { compileValidator } from '../http/validation.ts'
import { addGithubGauges } from './gauges.ts'
import { GithubStatus } from './github-status.ts'
import { type IssueLink, toTaskSync } from './issue/issue-link.ts'
import { EXAMPLE_SYNC, SYNC_STATUSES, TaskSync } from './issue/task-sync.ts'

/** What these routes need of the GitHub sync. */
export interface GithubSync {
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

/** GitHub sends more than a task can hold: both texts of an issue, before and after. */
const DELIVERY_LIMIT = 8 * 1024 * 1024

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

/** https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers */
const DeliveryHeaders = Type.Object({
  'X-GitHub-Event': Type.Optional(
    Type.String({ description: 'The event; only `issues` is used.' }),
  ),
  'X-GitHub-Delivery': Type.Optional(Type.String({ description: 'The id of the delivery.' })),
  'X-Hub-Signature-256': Type.Optional(
    Type.String({ description: 'The HMAC-SHA256 of the body with the secret.' }),
  ),
})

const Delivery = Type.Object(
  {},
  {
    title: 'GithubDelivery',
    description: 'The payload of the event.',
    additionalProperties: true,
    examples: [{ action: 'edited', issue: {}, repository: {} }],
  },
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
        scope.register(async (raw) => addWebhookRoute(raw, requireGithub))
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

/** In a scope of its own, as it needs the very bytes of the body. */
const addWebhookRoute = (scope: FastifyInstance, requireGithub: () => GithubSync): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) =>
    done(null, body),
  )
  scope.post(
    '/github/webhook',
    {
      bodyLimit: DELIVERY_LIMIT,
      /** The signature is of the bytes, so nothing of the body is read before it is verified. */
      validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : compileValidator(part)),
      schema: {
        operationId: 'receiveDelivery',
        tags: ['github'],
        summary: 'Receive a webhook delivery from GitHub',
        description:
          'The payload URL of a GitHub webhook with content type `application/json`, the ' +
          'event `issues` and the secret GITHUB_WEBHOOK_SECRET.',
        headers: DeliveryHeaders,
        body: Delivery,
        response: {
          202: emptyResponse('Accepted (duplicates included)'),
          ...problems('github_not_configured', 'invalid_signature', ...BODY_ERRORS),
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
      /**
       * A delivery that cannot be stored is not lost: the next poll finds the change. So GitHub
       * never gets a 5xx.
       */
      const receipt = await requireGithub()
        .webhook.receive(delivery)
        .catch((error: unknown) => {
          request.log.warn(
            { err: error },
            'a delivery of GitHub could not be kept; the next sweep makes up for it',
          )
          return 'taken' as const
        })
      if (receipt === 'unsigned')
        throw new HttpError('invalid_signature', 'The signature is missing or wrong')
      if (receipt === 'malformed')
        throw new HttpError('malformed_json', 'The body is not a GitHub "issues" webhook payload')
      return reply.code(202).send()
    },
  )
}
