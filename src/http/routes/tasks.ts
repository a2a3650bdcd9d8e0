import type { FieldTable } from '../../core/field-table.ts'
import { type Position, toCursor } from '../../core/task-query.ts'
import { TaskEvent } from '../../task/task-event.ts'
import type { TaskService } from '../../task/task-service.ts'
import { NO_BODY } from '../body.ts'
import type { Resource } from '../entity-routes.ts'
import { createListQuery, type ListParameters } from '../list-query.ts'
import { HEADERS, jsonResponse, problems } from '../openapi.ts'
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

export const createTaskResource = (service: TaskService, table: FieldTable): Resource => {
  const listQuery = createListQuery(table)
  return {
    ...service,
    kind: 'task',
    name: 'Task',
    path: '/tasks',
    schemas: {
      entity: table.entity,
      draft: table.draft,
      patch: table.patch,
      event: TaskEvent,
      query: listQuery.schema,
    },
    about: {
      create:
        'Only the title is required. With an Idempotency-Key a retry gets the first response; ' +
        'with the GitHub sync on, the task as it is now unless it has been deleted since.',
      list:
        'The tasks that match all given filters, as one array; with `limit` in pages. While ' +
        'there are more pages, the Link header has the next one with `rel="next"`. A task ' +
        'whose sort value changes during paging may appear twice or not at all; every other ' +
        'task appears exactly once.',
    },
    /** Without a database the list is empty. */
    errors: { write: [], list: ['database_unavailable'] },

    toList(parameters: ListParameters) {
      const { query, after } = listQuery.read(parameters)
      const toTaskCursor = (place: Position) => toCursor(table, place, query.sort)
      return toList(service, { query, after, limit: parameters.limit }, toTaskCursor)
    },
  }
}

export const addCompleteRoute = (
  app: App,
  service: TaskService,
  table: FieldTable,
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
          200: jsonResponse('The completed task', table.entity, {
            ...HEADERS.etag,
            ...HEADERS.replayed,
          }),
          ...problems(...BODY_ERRORS, ...CHANGE_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { params, headers } = request
      const context = readContext(request, 'POST /tasks/{id}/complete', null)
      const preconditions = readPreconditions(headers)
      const { entity, replayed } = await service.complete(context, params.id, preconditions)
      return sendEntity(markReplay(reply, replayed), entity)
    },
  )
}
