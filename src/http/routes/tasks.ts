import { Task, TaskDraft, TaskPatch } from '../../core/task.ts'
import { type Position, toCursor } from '../../core/task-query.ts'
import type { TaskService } from '../../core/task-service.ts'
import { Type } from '../../core/typebox.ts'
import { NO_BODY } from '../body.ts'
import { ListQuery, toTaskQuery } from '../list-query.ts'
import { answer, emptyAnswer, HEADERS, problems } from '../openapi.ts'
import { readPreconditions } from '../preconditions.ts'
import type { ReadContext } from '../request-context.ts'
import { sendList } from '../send-list.ts'
import type { App } from '../typed-app.ts'
import {
  BODY_ERRORS,
  CHANGE_ERRORS,
  CREATION_KEY,
  changeHeaders,
  DATABASE_ERRORS,
  IF_NONE_MATCH,
  markReplay,
  sendEntity,
  sendUnlessKnown,
  TaskId,
  WRITE_ERRORS,
} from './request-parts.ts'

const ChangeHeaders = changeHeaders('task')

/** PUT and PATCH mean the same, so one is a retry of the other. */
const UPDATE = 'PATCH /tasks/{id}'

export const addTaskRoutes = (app: App, service: TaskService, readContext: ReadContext): void => {
  app.post(
    '/tasks',
    {
      schema: {
        operationId: 'createTask',
        tags: ['tasks'],
        summary: 'Create a task',
        description:
          'Only the title is required. With an Idempotency-Key a retry gets the first response.',
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
      return sendEntity(markReplay(reply, replayed).code(201).header('location', location), task)
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
        querystring: ListQuery,
        response: {
          200: answer('The tasks', Type.Array(Task), HEADERS.link),
          ...problems('database_unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { query, after } = toTaskQuery(request.query)
      const toPlace = (place: Position) => toCursor(place, query.sort)
      const { limit } = request.query
      return sendList(request, reply, { reads: service, query, after, limit, toCursor: toPlace })
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
        headers: IF_NONE_MATCH,
        response: {
          200: answer('The task', Task, HEADERS.etag),
          304: emptyAnswer('The task has not changed', HEADERS.etag),
          ...problems(...DATABASE_ERRORS, 'not_found'),
        },
      },
    },
    (request, reply) => sendUnlessKnown(request, reply, () => service.get(request.params.id)),
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
          ...problems(...BODY_ERRORS, ...CHANGE_ERRORS),
        },
      },
      handler: async (request, reply) => {
        const { params, body, headers } = request
        const context = readContext(request, UPDATE, body)
        const preconditions = readPreconditions(headers)
        const { task, replayed } = await service.update(context, params.id, body, preconditions)
        return sendEntity(markReplay(reply, replayed), task)
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
          ...problems(...BODY_ERRORS, ...CHANGE_ERRORS),
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
          ...problems(...BODY_ERRORS, ...CHANGE_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { params, headers } = request
      const context = readContext(request, 'POST /tasks/{id}/complete', null)
      const preconditions = readPreconditions(headers)
      const { task, replayed } = await service.complete(context, params.id, preconditions)
      return sendEntity(markReplay(reply, replayed), task)
    },
  )
}
