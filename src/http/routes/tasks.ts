import type { FastifyReply, FastifyRequest } from 'fastify'
import { ifMatch, ifNoneMatch, toETag } from '../../core/etag.ts'
import { Task, TaskDraft, TaskPatch } from '../../core/task.ts'
import { toCursor } from '../../core/task-query.ts'
import type { StoredTask } from '../../core/task-repository.ts'
import type { TaskService, Written } from '../../core/task-service.ts'
import { Type } from '../../core/typebox.ts'
import { ListQuery, toTaskQuery } from '../list-query.ts'
import { answer, emptyAnswer, HEADERS, problems } from '../openapi.ts'
import { streamArray, toArray, unknownLength } from '../stream-array.ts'
import type { App } from '../typed-app.ts'
import { ACTOR, DATABASE, IdempotencyKeyHeader, INPUT, TaskId, toRetryKey, WRITE } from './request-parts.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'Go on only when the task still has this ETag; else 412 with the current one.' }),
  ),
})

/** Some clients send an empty object where no body is asked for. */
const NoBody = Type.Union([Type.Object({}, { additionalProperties: false }), Type.Null()])

const sendTask = (reply: FastifyReply, task: StoredTask): FastifyReply =>
  reply.header('etag', toETag(task.version)).header('content-type', JSON_TYPE).send(task.json)

export const addTaskRoutes = (app: App, service: TaskService): void => {
  app.post(
    '/tasks',
    {
      schema: {
        operationId: 'createTask',
        tags: ['tasks'],
        summary: 'Create a task',
        description: 'Only the title is needed. With an Idempotency-Key it is safe to retry.',
        headers: IdempotencyKeyHeader,
        body: TaskDraft,
        response: {
          201: answer('The new task', Task, { ...HEADERS.location, ...HEADERS.etag, ...HEADERS.replayed }),
          ...problems(...INPUT, ...WRITE, 'idempotency_key_reused'),
        },
      },
    },
    async (request, reply) => {
      const retry = toRetryKey(request.headers['idempotency-key'], 'POST /tasks', request.body)
      const { task, replayed }: Written = await service.create(request.body, ACTOR, retry)
      if (replayed) reply.header('idempotent-replayed', 'true')
      return sendTask(reply.code(201).header('location', `${request.pathPrefix}/tasks/${task.id}`), task)
    },
  )

  app.get(
    '/tasks',
    {
      schema: {
        operationId: 'listTasks',
        tags: ['tasks'],
        summary: 'List tasks',
        description:
          'All tasks that fit, as one array: whole without `limit`, in pages with it. A page has a Link header with `rel="next"` while there is more. A task whose sort value changes while you page may be seen again or not at all; every other task is seen exactly once.',
        querystring: ListQuery,
        response: { 200: answer('The tasks', Type.Array(Task), HEADERS.link), ...problems('database_unavailable') },
      },
    },
    async (request, reply) => {
      const { query, after } = toTaskQuery(request.query)
      reply.header('content-type', JSON_TYPE)
      const { limit } = request.query
      if (limit === undefined)
        return request.method === 'HEAD' ? reply.send(unknownLength()) : reply.send(await streamArray(service.all(query, after)))
      const page = await service.page(query, after, limit)
      if (page.next !== undefined) reply.header('link', nextLink(request, toCursor(page.next, query.sort)))
      return reply.send(toArray(page.tasks))
    },
  )

  app.get(
    '/tasks/:id',
    {
      schema: {
        operationId: 'getTask',
        tags: ['tasks'],
        summary: 'Get a task',
        description:
          'With If-None-Match it is 304 while the task has not changed. A task with an issue is always sent: what it tells of its issue changes without a new version.',
        params: TaskId,
        headers: Type.Object({ 'if-none-match': Type.Optional(Type.String({ description: 'An ETag that you already have.' })) }),
        response: {
          200: answer('The task', Task, HEADERS.etag),
          304: emptyAnswer('Not changed', HEADERS.etag),
          ...problems(...DATABASE, 'not_found'),
        },
      },
    },
    async (request, reply) => {
      const task = await service.get(request.params.id)
      const isKnown = ifNoneMatch(request.headers['if-none-match'], task.version) && !hasIssue(task)
      if (!isKnown) return sendTask(reply, task)
      return reply.code(304).header('etag', toETag(task.version)).send()
    },
  )

  for (const method of ['PUT', 'PATCH'] as const) {
    const name = method === 'PUT' ? 'Update' : 'Patch'
    app.route({
      method,
      url: '/tasks/:id',
      schema: {
        operationId: `${name.toLowerCase()}Task`,
        tags: ['tasks'],
        summary: `${name} a task`,
        description:
          'PUT and PATCH mean the same: a field that is present changes, an absent one keeps its value, null clears one that may be null. Nothing changed, nothing written.',
        ...(method === 'PATCH' ? { consumes: ['application/merge-patch+json', 'application/json'] } : {}),
        params: TaskId,
        headers: IfMatch,
        body: TaskPatch,
        response: {
          200: answer('The task as it is now', Task, HEADERS.etag),
          ...problems(...INPUT, ...WRITE, 'not_found', 'version_mismatch'),
        },
      },
      handler: async (request, reply) => {
        const { task } = await service.update(request.params.id, request.body, ACTOR, ifMatch(request.headers['if-match']))
        return sendTask(reply, task)
      },
    })
  }

  app.delete(
    '/tasks/:id',
    {
      schema: {
        operationId: 'deleteTask',
        tags: ['tasks'],
        summary: 'Delete a task',
        description: 'Its history stays readable.',
        params: TaskId,
        headers: IfMatch,
        body: NoBody,
        response: { 204: emptyAnswer('Deleted'), ...problems(...INPUT, ...WRITE, 'not_found', 'version_mismatch') },
      },
    },
    async (request, reply) => {
      await service.remove(request.params.id, ACTOR, ifMatch(request.headers['if-match']))
      return reply.code(204).send()
    },
  )

  app.post(
    '/tasks/:id/complete',
    {
      schema: {
        operationId: 'completeTask',
        tags: ['tasks'],
        summary: 'Complete a task',
        description: 'Completing a completed task changes nothing. To reopen it, update its status.',
        params: TaskId,
        headers: IfMatch,
        body: NoBody,
        response: {
          200: answer('The completed task', Task, HEADERS.etag),
          ...problems(...INPUT, ...WRITE, 'not_found', 'version_mismatch'),
        },
      },
    },
    async (request, reply) => {
      const { task } = await service.complete(request.params.id, ACTOR, ifMatch(request.headers['if-match']))
      return sendTask(reply, task)
    },
  )
}

const hasIssue = (task: StoredTask): boolean => (JSON.parse(task.json) as Task).sync !== null

/** The same request from the cursor on (RFC 8288). */
const nextLink = (request: FastifyRequest, cursor: string): string => {
  const parameters = new URLSearchParams(request.url.split('?')[1])
  parameters.set('cursor', cursor)
  return `<${request.pathPrefix}/tasks?${parameters}>; rel="next"`
}
