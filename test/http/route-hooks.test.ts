import { expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { send } from './requests.ts'

test.each(['/private', '/private/:id'])('%s keeps the hooks that it brings', async (url) => {
  const app = await startApp({ database: 'memory' })
  const seen: string[] = []
  app.get(
    url,
    {
      schema: { hide: true },
      onRequest: async (_, reply) => reply.code(401).send({ code: 'unauthorized' }),
      onResponse: async (_, reply) => void seen.push(`first ${reply.statusCode}`),
    },
    () => 'a secret',
  )
  app.get(
    `${url}/list`,
    {
      schema: { hide: true },
      onRequest: [async () => {}, async (_, reply) => reply.code(403).send({})],
      onResponse: [
        async (_, reply) => void seen.push(`second ${reply.statusCode}`),
        async () => void seen.push('third'),
      ],
    },
    () => 'a secret',
  )
  const path = url.replace(':id', '1')
  const refused = await send(app, 'GET', path)
  expect([refused.statusCode, refused.body]).toEqual([401, '{"code":"unauthorized"}'])
  expect((await send(app, 'GET', `${path}/list`)).statusCode).toBe(403)
  expect(seen).toEqual(['first 401', 'second 403', 'third'])
  const metrics = (await send(app, 'GET', '/metrics')).body
  expect(metrics).toContain(
    `http_request_duration_seconds_count{method="GET",route="${url}",status="401"} 1`,
  )
  expect(metrics).toContain(
    `http_request_duration_seconds_count{method="GET",route="${url}/list",status="403"} 1`,
  )
})
