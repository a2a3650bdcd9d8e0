import type { FastifyReply, FastifyRequest } from 'fastify'
import type { StoredEntity } from '../../core/commit.ts'
import type { FieldTable } from '../../core/field-table.ts'
import { includesVersion, toETag } from '../../core/preconditions.ts'
import { toCursor } from '../../core/task-query.ts'
import { Type } from '../../core/typebox.ts'
import type { TaskService } from '../../task/task-service.ts'
import { NO_BODY } from '../body.ts'
import { createListQuery } from '../list-query.ts'
import { answer, emptyAnswer, HEADERS, problems } from '../openapi.ts'
import { PRECONDITION_HEADERS, readETags, readPreconditions } from '../preconditions.ts'
import type { ReadContext } from '../request-context.ts'
import { streamArray, toArray, unknownLength } from '../stream-array.ts'
import type { App } from '../typed-app.ts'
import {
  BODY_ERRORS,
  CHANGE_KEY,
  CREATION_KEY,
  DATABASE_ERRORS,
  markReplay,
  TaskId,
  WRITE_ERRORS,
} from './request-parts.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

const ChangeHeaders = Type.Object({ ...CHANGE_KEY, ...PRECONDITION_HEADERS })

/** What a change may be refused for, beside its input. */
const CHANGE = [
  ...WRITE_ERRORS,
  'not_found',
  'version_mismatch',
  'idempotency_key_reused',
  'too_many_keys',
] as const

/** PUT and PATCH mean the same, so one is a retry of the other. */
const UPDATE = 'PATCH /tasks/{id}'

const sendTask = (reply: FastifyReply, task: StoredEntity): FastifyReply =>
  reply.header('etag', toETag(task.version)).header('content-type', JSON_TYPE).send(task.json)

export const addTaskRoutes = (
  app: App,
  service: TaskService,
  table: FieldTable,
  readContext: ReadContext,
): void => {
  const { entity: Task, draft: TaskDraft, patch: TaskPatch } = table
  const listQuery = createListQuery(table)
  app.post(
    '/tasks',
    {
      schema: {
        operationId: 'createTask',
        tags: ['tasks'],
        summary: 'Create a task',
        description:
          'Only the title is required. With an Idempotency-Key a retry gets the first response; ' +
          'with the GitHub sync on, the task as it is now unless it has been deleted since.',
        headers: Type.Object(CREATION_KEY),
        body: TaskDraft,
        response: {
          201: answer('The new task', Task, {
            ...HEADERS.location,
            ...HEADERS.etag,
            ...HEADERS.replayed,
          }),
          ...problems(...BODY_ERRORS, ...WRITE_ERRORS, 'idempotency_key_reused'),
        },
      },
    },
    async (request, reply) => {
      const context = readContext(request, 'POST /tasks', request.body)
      const { task, replayed } = await service.create(context, request.body)
      const location = `${request.pathPrefix}/tasks/${task.id}`
      return sendTask(markReplay(reply, replayed).code(201).header('location', location), task)
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
          'The tasks that match all given filters, as one array; with `limit` in pages. While ' +
          'there are more pages, the Link header has the next one with `rel="next"`. A task ' +
          'whose sort value changes during paging may appear twice or not at all; every other ' +
          'task appears exactly once.',
        querystring: listQuery.schema,
        response: {
          200: answer('The tasks', Type.Array(Task), HEADERS.link),
          ...problems('database_unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { query, after } = listQuery.read(request.query)
      reply.header('content-type', JSON_TYPE)
      const { limit } = request.query
      if (limit === undefined)
        return request.method === 'HEAD'
          ? reply.send(unknownLength())
          : reply.send(await streamArray(service.all(query, after)))
      const page = await service.page(query, after, limit)
      if (page.next !== undefined)
        reply.header('link', nextLink(request, toCursor(table, page.next, query.sort)))
      if (Buffer.isBuffer(page.tasks)) return reply.send(toArray(page.tasks))
      const stream = await streamArray(page.tasks)
      if (request.method !== 'HEAD') return reply.send(stream)
      stream.destroy()
      return reply.send('')
    },
  )

  app.get(
    '/tasks/:id',
    {
      schema: {
        operationId: 'getTask',
        tags: ['tasks'],
        summary: 'Get a task',
        description: 'With If-None-Match the response is 304 if the task has not changed.',
        params: TaskId,
        headers: Type.Object({
          'if-none-match': Type.Optional(
            Type.String({ description: 'The ETag of the version that the client already has.' }),
          ),
        }),
        response: {
          200: answer('The task', Task, HEADERS.etag),
          304: emptyAnswer('The task has not changed', HEADERS.etag),
          ...problems(...DATABASE_ERRORS, 'not_found'),
        },
      },
    },
    async (request, reply) => {
      const known = readETags('If-None-Match', request.headers['if-none-match'])
      const task = await service.get(request.params.id)
      const isKnown = known !== undefined && includesVersion(known, task.version)
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
          'PUT and PATCH do the same: a given field is set, an absent field keeps its value, ' +
          'and null clears a nullable field. A request that changes nothing writes nothing. ' +
          'With an Idempotency-Key the request is safe to retry, by either method.',
        ...(method === 'PATCH'
          ? { consumes: ['application/merge-patch+json', 'application/json'] }
          : {}),
        params: TaskId,
        headers: ChangeHeaders,
        body: TaskPatch,
        response: {
          200: answer('The updated task', Task, { ...HEADERS.etag, ...HEADERS.replayed }),
          ...problems(...BODY_ERRORS, ...CHANGE),
        },
      },
      handler: async (request, reply) => {
        const { params, body, headers } = request
        const context = readContext(request, UPDATE, body)
        const preconditions = readPreconditions(headers)
        const { task, replayed } = await service.update(context, params.id, body, preconditions)
        return sendTask(markReplay(reply, replayed), task)
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
        description:
          'Deletes the task and keeps its history. With an Idempotency-Key a retry is 204 again.',
        params: TaskId,
        headers: ChangeHeaders,
        body: NO_BODY,
        response: {
          204: emptyAnswer('The task was deleted', HEADERS.replayed),
          ...problems(...BODY_ERRORS, ...CHANGE),
        },
      },
    },
    async (request, reply) => {
      const { params, headers } = request
      const context = readContext(request, 'DELETE /tasks/{id}', null)
      const { replayed } = await service.remove(context, params.id, readPreconditions(headers))
      return markReplay(reply, replayed).code(204).send()
    },
  )

  app.post(
    '/tasks/:id/complete',
    {
      schema: {
        operationId: 'completeTask',
        tags: ['tasks'],
        summary: 'Complete a task',
        description:
          'Sets the status to `completed`. Completing a completed task changes nothing; to reopen ' +
          'it, update its status. With an Idempotency-Key the request is safe to retry.',
        params: TaskId,
        headers: ChangeHeaders,
        body: NO_BODY,
        response: {
          200: answer('The completed task', Task, { ...HEADERS.etag, ...HEADERS.replayed }),
          ...problems(...BODY_ERRORS, ...CHANGE),
        },
      },
    },
    async (request, reply) => {
      const { params, headers } = request
      const context = readContext(request, 'POST /tasks/{id}/complete', null)
      const preconditions = readPreconditions(headers)
      const { task, replayed } = await service.complete(context, params.id, preconditions)
      return sendTask(markReplay(reply, replayed), task)
    },
  )
}

/** The same request from the cursor on (RFC 8288). */
const nextLink = (request: FastifyRequest, cursor: string): string => {
  const parameters = new URLSearchParams(request.url.split('?')[1])
  parameters.set('cursor', cursor)
  return `<${request.pathPrefix}/tasks?${parameters}>; rel="next"`
}
