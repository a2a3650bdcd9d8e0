import { TaskError } from '../../core/errors.ts'
import type { TaskService } from '../../core/task-service.ts'
import { Type } from '../../core/typebox.ts'
import { answer, problems } from '../openapi.ts'
import { HttpError } from '../problem.ts'
import type { App } from '../typed-app.ts'

const Health = Type.Object(
  { status: Type.Literal('ok'), note: Type.Optional(Type.String({ description: 'What to know all the same.' })) },
  { title: 'Health', examples: [{ status: 'ok' }] },
)

export const addHealthRoutes = (app: App, service: TaskService, isDraining: () => boolean): void => {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'isLive',
        tags: ['operations'],
        summary: 'Is the process alive?',
        description: 'Depends on nothing else.',
        response: { 200: answer('It is', Health), ...problems() },
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
        summary: 'Can it serve?',
        description: 'Whether the database answers and the service is not about to stop.',
        response: { 200: answer('It can', Health), ...problems('database_unavailable', 'draining') },
      },
    },
    async () => {
      if (isDraining()) throw new HttpError('draining', 'The service is about to stop')
      try {
        await service.ping()
        return { status: 'ok' }
      } catch (error) {
        if (error instanceof TaskError && error.code === 'database_not_configured') return { status: 'ok', note: error.message }
        throw error
      }
    },
  )
}
