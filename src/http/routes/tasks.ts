import { Task, TaskDraft, TaskPatch } from '../../core/task.ts'
import { TaskEvent } from '../../core/task-event.ts'
import { type Position, toCursor } from '../../core/task-query.ts'
import type { TaskService, WriteResult } from '../../core/task-service.ts'
import { NO_BODY } from '../body.ts'
import type { Resource, Written } from '../entity-routes.ts'
import { ListQuery, toTaskQuery } from '../list-query.ts'
import { answer, HEADERS, problems } from '../openapi.ts'
import { readPreconditions } from '../preconditions.ts'
import type { ReadContext } from '../request-context.ts'
import { toList } from '../send-list.ts'
import type { App } from '../typed-app.ts'
import {
  BODY_ERRORS,
  CHANGE_ERRORS,
  changeHeaders,
  markReplay,
  sendEntity,
  TaskId,
} from './request-parts.ts'

export const createTaskResource = (service: TaskService): Resource => ({
  kind: 'task',
  name: 'Task',
  path: '/tasks',
  schemas: {
    entity: Task,
    draft: TaskDraft,
    patch: TaskPatch,
    event: TaskEvent,
    query: ListQuery,
  },
  about: {
    create: 'Only the title is required. With an Idempotency-Key a retry gets the first response.',
    list:
      'The tasks that match all given filters, as one array; with `limit` in pages. While ' +
      'there are more pages, the Link header has the next one with `rel="next"`. A task ' +
      'whose sort value changes during paging may appear twice or not at all; every other ' +
      'task appears exactly once.',
  },
  /** Without a database the list is empty. */
  errors: { write: [], list: ['database_unavailable'] },
  get: service.get,
  history: service.history,
  create: async (context, draft) => toWritten(await service.create(context, draft)),
  update: async (context, id, patch, preconditions) =>
    toWritten(await service.update(context, id, patch, preconditions)),
  remove: service.remove,

  toList(parameters: ListQuery) {
    const { query, after } = toTaskQuery(parameters)
    const toTaskCursor = (place: Position) => toCursor(place, query.sort)
    return toList(service, { query, after, limit: parameters.limit }, toTaskCursor)
  },
})

const toWritten = ({ task, replayed }: WriteResult): Written => ({ entity: task, replayed })

export const addCompleteRoute = (
  app: App,
  service: TaskService,
  readContext: ReadContext,
): void => {
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
        headers: changeHeaders('task'),
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
