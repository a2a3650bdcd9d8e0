import { Type } from '../../core/typebox.ts'
import { TaskEvent } from '../../task/task-event.ts'
import type { TaskService } from '../../task/task-service.ts'
import { answer, problems } from '../openapi.ts'
import { streamArray, unknownLength } from '../stream-array.ts'
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
    async (request, reply) => {
      const events = await streamArray(service.history(request.params.id))
      reply.header('content-type', 'application/json; charset=utf-8')
      if (request.method !== 'HEAD') return reply.send(events)
      events.destroy()
      return reply.send(unknownLength())
    },
  )
}
