import { expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { create, get, send } from './requests.ts'

test('an id is read in either case, and written in lower case', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const upper = id.toUpperCase()
  expect(upper).not.toBe(id)
  const read = await send(app, 'GET', `/tasks/${upper}`)
  expect([read.statusCode, read.json().id]).toEqual([200, id])
  const put = await send(app, 'PUT', `/tasks/${upper}`, {
    ...(read.json() as object),
    id: upper,
    title: 'by PUT',
  })
  expect([put.statusCode, put.json().title]).toEqual([200, 'by PUT'])
  expect((await send(app, 'PATCH', `/tasks/${upper}`, { title: 'by PATCH' })).statusCode).toBe(200)
  expect((await send(app, 'POST', `/tasks/${upper}/complete`)).json().status).toBe('completed')
  expect((await send(app, 'GET', `/tasks/${upper}/events`)).json()).toHaveLength(4)
  const operations = [
    { op: 'update', id: upper, task: { status: 'pending' } },
    { op: 'complete', id: upper },
    { op: 'update', id, task: { title: 'by batch' } },
  ]
  const batch = await send(app, 'POST', '/tasks/batch', { operations })
  expect(batch.json().results.map(({ status }: { status: number }) => status)).toEqual([
    200, 200, 200,
  ])
  expect(await get(app, id)).toMatchObject({
    id,
    title: 'by batch',
    status: 'completed',
    version: 7,
  })
  expect((await send(app, 'DELETE', `/tasks/${upper}`)).statusCode).toBe(204)
  expect((await send(app, 'GET', `/tasks/${id}`)).statusCode).toBe(404)
})

test('a batch that is sent again with its ids in the other case is the same request', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const headers = { 'idempotency-key': 'k' }
  for (const one of [id, id.toUpperCase()]) {
    const operations = [{ op: 'complete', id: one }]
    expect((await send(app, 'POST', '/tasks/batch', { operations }, headers)).statusCode).toBe(200)
  }
  expect((await get(app, id)).version).toBe(2)
})

test('a malformed id is a task that does not exist', async () => {
  const app = await startApp({ database: 'memory' })
  for (const id of [
    '1',
    'x',
    '{0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e}',
    '0192A0C07B1A7C3E9F526F1D2B3C4D5E',
    '%20',
  ])
    expect((await send(app, 'GET', `/tasks/${id}`)).statusCode).toBe(404)
})
