import { describe, expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import type { Task } from '#src/task/task.ts'
import { issueOf } from '../repository/linked-store.ts'
import { startApp, startServer } from '../start-app.ts'
import { startGithubApp } from './github-app.ts'
import { exchange } from './raw-socket.ts'
import { create, expectProblem, get, send } from './requests.ts'

const ABSENT = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

/** A task at version 3. */
const createThird = async (app: App): Promise<Task> => {
  const { id } = await create(app)
  await send(app, 'PUT', `/tasks/${id}`, { title: 'second' })
  return (await send(app, 'PUT', `/tasks/${id}`, { title: 'third' })).json<Task>()
}

const CHANGES = [
  ['PUT', '', { title: 'changed' }, 200],
  ['PATCH', '', { title: 'changed' }, 200],
  ['POST', '/complete', undefined, 200],
  ['DELETE', '', undefined, 204],
] as const

describe.each(CHANGES)('If-Match on %s %s', (method, path, body, status) => {
  test('goes on where the ETag of the task is among its tags, or for *', async () => {
    const app = await startApp({ database: 'memory' })
    for (const field of ['"3"', '*', ' * ', '"1", "3"', '"1","3" ,"9"', 'W/"3"', ',"1",, W/"3",']) {
      const { id } = await createThird(app)
      const answer = await send(app, method, `/tasks/${id}${path}`, body, { 'if-match': field })
      expect(answer.statusCode, `${field} ${answer.body}`).toBe(status)
    }
  })

  test('is 412 with the current ETag for any other tag', async () => {
    const app = await startApp({ database: 'memory' })
    const task = await createThird(app)
    for (const field of ['"2"', 'W/"2"', '"1", "2"', '"03"', '""', '"33"', '"a,b"']) {
      const answer = await send(app, method, `/tasks/${task.id}${path}`, body, {
        'if-match': field,
      })
      expectProblem(answer, 412, 'version_mismatch')
      expect(answer.headers.etag, field).toBe('"3"')
      expect(await get(app, task.id)).toEqual(task)
    }
  })

  test('is 400 with the reason for what is no list of ETags, whatever the task', async () => {
    const app = await startApp({ database: 'memory' })
    const task = await createThird(app)
    for (const id of [task.id, ABSENT]) {
      for (const name of ['If-Match', 'If-None-Match']) {
        for (const field of ['3', '"3', '3"', '', ',', '*, "3"', '"3" "4"', 'w/"3"', "'3'"]) {
          const headers = { [name]: field }
          const answer = await send(app, method, `/tasks/${id}${path}`, body, headers)
          const { errors } = expectProblem(answer, 400, 'malformed_request')
          const detail = 'must be * or a list of ETags in double quotes, such as "3"'
          expect(errors).toEqual([{ pointer: name, detail }])
        }
      }
    }
    expect(await get(app, task.id)).toEqual(task)
  })

  test('is 404 for a task that is not there, whatever it says', async () => {
    const app = await startApp({ database: 'memory' })
    for (const field of ['*', '"1"']) {
      const url = `/tasks/${ABSENT}${path}`
      expectProblem(await send(app, method, url, body, { 'if-match': field }), 404, 'not_found')
    }
  })
})

describe.each(CHANGES)('If-None-Match on %s %s', (method, path, body, status) => {
  test('is 412 with the current ETag for * or that ETag', async () => {
    const app = await startApp({ database: 'memory' })
    const task = await createThird(app)
    for (const field of ['*', '"3"', 'W/"3"', '"1", "3"']) {
      const headers = { 'if-none-match': field }
      const answer = await send(app, method, `/tasks/${task.id}${path}`, body, headers)
      const { detail } = expectProblem(answer, 412, 'version_mismatch')
      expect(detail).toContain('If-None-Match')
      expect(detail).toContain('"3"')
      expect(answer.headers.etag).toBe('"3"')
    }
    expect(await get(app, task.id)).toEqual(task)
  })

  test('goes on for any other tag, and is 404 for a task that is not there', async () => {
    const app = await startApp({ database: 'memory' })
    for (const field of ['"2"', 'W/"1", "2"']) {
      const { id } = await createThird(app)
      const headers = { 'if-none-match': field }
      const answer = await send(app, method, `/tasks/${id}${path}`, body, headers)
      expect(answer.statusCode, answer.body).toBe(status)
    }
    const headers = { 'if-none-match': '*' }
    const answer = await send(app, method, `/tasks/${ABSENT}${path}`, body, headers)
    expectProblem(answer, 404, 'not_found')
  })

  test('and If-Match must both hold', async () => {
    const app = await startApp({ database: 'memory' })
    const { id } = await createThird(app)
    const ask = (ifMatch: string, ifNoneMatch: string) => {
      const headers = { 'if-match': ifMatch, 'if-none-match': ifNoneMatch }
      return send(app, method, `/tasks/${id}${path}`, body, headers)
    }
    expectProblem(await ask('"3"', '"3"'), 412, 'version_mismatch')
    expectProblem(await ask('"2"', '"2"'), 412, 'version_mismatch')
    expect((await ask('"3"', '"2"')).statusCode).toBe(status)
  })
})

test('If-None-Match: * on a creation is met: it always makes a new task', async () => {
  const app = await startApp({ database: 'memory' })
  await create(app, { title: 'New' }, { 'if-none-match': '*' })
})

test('If-Match in several header lines is the list of them all', async () => {
  const url = await startServer({ database: 'memory' })
  const json = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"title":"T"}',
  }
  const { id } = (await (await fetch(`${url}/tasks`, json)).json()) as Task
  const ask = (...fields: string[]) => {
    const lines = fields.map((field) => `If-Match: ${field}\r\n`).join('')
    return exchange(
      url,
      `POST /tasks/${id}/complete HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n`,
    )
  }
  expect((await ask('"7"', '"1"')).statusCode).toBe(200)
  expect((await ask('"2"', '"7"')).statusCode).toBe(200)
  expect((await ask('"7"', '"8"')).statusCode).toBe(412)
  expect((await ask('"2"', '2')).statusCode).toBe(400)
  expect((await ask('"2"', '*')).statusCode).toBe(400)
})

test('a stale If-Match is 412 also where nothing would change', async () => {
  const app = await startApp({ database: 'memory' })
  const { id } = await createThird(app)
  expectProblem(
    await send(app, 'PUT', `/tasks/${id}`, {}, { 'if-match': '"2"' }),
    412,
    'version_mismatch',
  )
  expect((await send(app, 'PUT', `/tasks/${id}`, {}, { 'if-match': '"3"' })).statusCode).toBe(200)
})

describe('If-None-Match', () => {
  test.each(['"3"', 'W/"3"', '*', '"1", "3"', '"1",W/"3"'])('is 304 with %s', async (field) => {
    const app = await startApp({ database: 'memory' })
    const { id } = await createThird(app)
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await send(app, method, `/tasks/${id}`, undefined, { 'if-none-match': field })
      expect([answer.statusCode, answer.body, answer.headers.etag]).toEqual([304, '', '"3"'])
    }
  })

  test.each(['3', '"3', '', 'w/"3"', '*, "3"'])('is 400 with the reason with %j', async (field) => {
    const app = await startApp({ database: 'memory' })
    const { id } = await createThird(app)
    for (const one of [id, ABSENT]) {
      const answer = await send(app, 'GET', `/tasks/${one}`, undefined, { 'if-none-match': field })
      const { errors } = expectProblem(answer, 400, 'malformed_request')
      expect(errors?.map(({ pointer }) => pointer)).toEqual(['If-None-Match'])
    }
  })

  test.each(['"2"', 'W/"2"', '"1", "2"', '"33"'])('is 200 with %s', async (field) => {
    const app = await startApp({ database: 'memory' })
    const task = await createThird(app)
    const answer = await send(app, 'GET', `/tasks/${task.id}`, undefined, {
      'if-none-match': field,
    })
    expect([answer.statusCode, answer.json(), answer.headers.etag]).toEqual([200, task, '"3"'])
  })

  test('is honest for a task with an issue: linking it is a new version', async () => {
    const { app, addLinked, step } = await startGithubApp()
    const { id } = await addLinked()
    const read = (etag: string) =>
      send(app, 'GET', `/tasks/${id}`, undefined, { 'if-none-match': etag })
    expect((await read('"1"')).statusCode).toBe(304)
    await step(id, { status: 'creating' })
    expect((await read('"1"')).statusCode).toBe(304)
    await step(id, { status: 'linked', issue: issueOf('4711') })
    const linked = await read('"1"')
    expect([linked.statusCode, linked.headers.etag]).toEqual([200, '"2"'])
    expect(linked.json()).toMatchObject({
      version: 2,
      external_reference_id: '4711',
      external_url: issueOf('4711').url,
    })
    await step(id, { status: 'outdated' })
    expect((await read('"2"')).statusCode).toBe(304)
  })

  test('is 404 for a task that is not there', async () => {
    const app = await startApp({ database: 'memory' })
    expectProblem(
      await send(app, 'GET', '/tasks/1', undefined, { 'if-none-match': '*' }),
      404,
      'not_found',
    )
  })
})

test('of 50 concurrent PUTs with one ETag one is 200 and 49 are 412 with the ETag of the winner', async () => {
  const url = await startServer()
  const json = { 'content-type': 'application/json' }
  const created = await fetch(`${url}/tasks`, {
    method: 'POST',
    headers: json,
    body: '{"title":"Contended"}',
  })
  const { id } = (await created.json()) as Task
  const headers = { ...json, 'if-match': String(created.headers.get('etag')) }
  const put = (title: string) =>
    fetch(`${url}/tasks/${id}`, { method: 'PUT', headers, body: JSON.stringify({ title }) })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => put(`writer ${index}`)),
  )
  const winners = answers.filter(({ status }) => status === 200)
  expect(winners).toHaveLength(1)
  expect(
    answers.filter(({ status, headers }) => status === 412 && headers.get('etag') === '"2"'),
  ).toHaveLength(49)
  const task = (await (await fetch(`${url}/tasks/${id}`)).json()) as Task
  expect(task).toEqual(await winners[0]?.json())
  expect(task.version).toBe(2)
})

test('concurrent patches of different fields without If-Match lose nothing', async () => {
  const app = await startApp()
  const fields = {
    title: 'New',
    description: 'New text',
    status: 'completed',
    priority: 'high',
    labels: ['x'],
    due_at: '2026-03-06T12:00:00.000Z',
    external_reference_id: '7',
  }
  for (let round = 0; round < 10; round += 1) {
    const { id } = await create(app)
    const patches = Object.entries(fields).map(([name, value]) =>
      send(app, 'PATCH', `/tasks/${id}`, { [name]: value }),
    )
    const versions = (await Promise.all(patches)).map((answer) => answer.json<Task>().version)
    expect(versions.sort()).toEqual([2, 3, 4, 5, 6, 7, 8])
    expect(await get(app, id)).toMatchObject({ ...fields, version: 8 })
  }
})

test('twins that read, edit and write back with If-Match count every step', async () => {
  const app = await startApp()
  const { id } = await create(app, { title: '0' })
  const increment = async (): Promise<void> => {
    const task = await get(app, id)
    const title = String(Number(task.title) + 1)
    const answer = await send(
      app,
      'PUT',
      `/tasks/${id}`,
      { title },
      { 'if-match': `"${task.version}"` },
    )
    if (answer.statusCode === 412) return increment()
    expect(answer.statusCode).toBe(200)
  }
  await Promise.all(Array.from({ length: 12 }, increment))
  expect(await get(app, id)).toMatchObject({ title: '12', version: 13 })
})

test('a task that is completed and deleted by many at once is deleted once', async () => {
  const app = await startApp()
  const { id } = await create(app)
  const deletes = Array.from({ length: 20 }, () => send(app, 'DELETE', `/tasks/${id}`))
  const statuses = (await Promise.all(deletes)).map(({ statusCode }) => statusCode)
  expect(statuses.sort()).toEqual([204, ...Array.from({ length: 19 }, () => 404)])
})
