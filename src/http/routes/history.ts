import { TaskEvent } from '../../core/task-event.ts'
import type { TaskService } from '../../core/task-service.ts'
import { Type } from '../../core/typebox.ts'
import { answer, problems } from '../openapi.ts'
import { sendHistory } from '../send-list.ts'
import type { App } from '../typed-app.ts'
import { TaskId } from './request-parts.ts'

export const addHistoryRoute = (app: App, service: TaskService): void => {
  app.get(
    '/tasks/:id/events',
    {
      schema: {
        operationId: 'listTaskEvents',
        tags: ['tasks'],
        summary: "Read a task's history",
        description:
          'All changes of the task, oldest first. The history of a deleted task is kept.',
        params: TaskId,
        response: {
          200: answer('The events', Type.Array(TaskEvent)),
          ...problems('not_found', 'database_unavailable', 'database_not_configured'),
        },
      },
    },
    (request, reply) => sendHistory(request, reply, service.history(request.params.id)),
  )
}
