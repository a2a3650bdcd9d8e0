import { AppError } from '../../core/errors.ts'
import { Type } from '../../core/typebox.ts'
import type { TaskService } from '../../task/task-service.ts'
import { jsonResponse, problems } from '../openapi.ts'
import { HttpError } from '../problem.ts'
import type { App } from '../typed-app.ts'

const Health = Type.Object(
  {
    status: Type.Literal('ok', { description: 'Always `ok`; a failure has an error status.' }),
    note: Type.Optional(Type.String({ description: 'Additional information.' })),
  },
  { title: 'Health', examples: [{ status: 'ok' }] },
)

export const addHealthRoutes = (
  app: App,
  service: TaskService,
  isDraining: () => boolean,
): void => {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'isLive',
        tags: ['operations'],
        summary: 'Check that the process is alive',
        description: 'Liveness probe: does not use the database.',
        response: { 200: jsonResponse('The process is alive', Health), ...problems() },
      },
    },
    async () => ({ status: 'ok' }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'isReady',
        tags: ['operations'],
        summary: 'Check that the service can handle requests',
        description:
          'Readiness probe: fails if the database does not respond or the service is shutting down.',
        response: {
          200: jsonResponse('The service can handle requests', Health),
          ...problems('database_unavailable', 'draining'),
        },
      },
    },
    async () => {
      if (isDraining()) throw new HttpError('draining', 'The service is about to stop')
      try {
        await service.ping()
        return { status: 'ok' }
      } catch (error) {
        if (error instanceof AppError && error.code === 'database_not_configured')
          return { status: 'ok', note: error.message }
        throw error
      }
    },
  )
}
