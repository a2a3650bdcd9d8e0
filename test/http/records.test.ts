import { expect, test } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import { createNotes, type Note } from '../notes.ts'
import { startApp } from '../start-app.ts'
import { create as createTask, expectInvalid, expectProblem, send } from './requests.ts'

const start = (): Promise<App> => startApp({ features: createNotes })

const create = async (app: App, draft: object = { title: 'A note' }, headers = {}) => {
  const answer = await send(app, 'POST', '/notes', draft, headers)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<Note>()
}

const list = async (app: App, query = ''): Promise<Note[]> => {
  const answer = await send(app, 'GET', `/notes${query}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<Note[]>()
}

const keyed = (key: string) => ({ 'idempotency-key': key })

test('a record is created, read, listed, changed and deleted as a task is', async () => {
  const app = await start()
  const created = await send(app, 'POST', '/notes', { title: ' A note ', labels: ['b', 'a', 'b'] })
  const note = created.json<Note>()
  expect(created.statusCode).toBe(201)
  expect(created.headers).toMatchObject({ location: `/notes/${note.id}`, etag: '"1"' })
  expect(note).toMatchObject({ title: 'A note', description: '', labels: ['b', 'a'], slug: null })
  expect(Object.keys(note).slice(-3)).toEqual(['created_at', 'updated_at', 'version'])

  const path = `/notes/${note.id}`
  expect((await send(app, 'GET', path.toUpperCase().replace('/NOTES', '/notes'))).body).toBe(
    created.body,
  )
  expect(await list(app)).toEqual([note])

  const put = await send(app, 'PUT', path, { ...note, due_at: '2026-03-01T10:00:00+01:00' })
  expect(put.headers.etag).toBe('"2"')
  expect(put.json()).toMatchObject({ due_at: '2026-03-01T09:00:00.000Z', version: 2 })
  expect((await send(app, 'PATCH', path, { title: 'A note' })).headers.etag).toBe('"2"')
  expect((await send(app, 'PATCH', path, { due_at: null })).json()).toMatchObject({ due_at: null })

  expect((await send(app, 'DELETE', path)).statusCode).toBe(204)
  const gone = expectProblem(await send(app, 'GET', path), 404, 'not_found')
  expect(gone.detail).toBe('No note has this id')
  expectProblem(await send(app, 'DELETE', path), 404, 'not_found')
  expect(await list(app)).toEqual([])
})

test('ETags, If-Match and If-None-Match hold', async () => {
  const app = await start()
  const { id } = await create(app)
  const path = `/notes/${id}`
  const known = await send(app, 'GET', path, undefined, { 'if-none-match': '"1"' })
  expect([known.statusCode, known.body, known.headers.etag]).toEqual([304, '', '"1"'])
  await send(app, 'PATCH', path, { title: 'b' }, { 'if-match': '"1"' })
  for (const [method, body] of [['PATCH', { title: 'c' }] as const, ['DELETE'] as const]) {
    const stale = await send(app, method, path, body, { 'if-match': '"1"' })
    const { detail } = expectProblem(stale, 412, 'version_mismatch')
    expect(detail).toBe('The ETag of the note is now "2", which If-Match does not list')
    expect(stale.headers.etag).toBe('"2"')
  }
  const refused = await send(app, 'PUT', path, { title: 'c' }, { 'if-none-match': '*' })
  expect(expectProblem(refused, 412, 'version_mismatch').detail).toContain('refuses a note')
  expectProblem(await send(app, 'PATCH', path, {}, { 'if-match': '2' }), 400, 'malformed_request')
})

test('what is wrong with a body is named', async () => {
  const app = await start()
  const note = await create(app)
  const path = `/notes/${note.id}`
  expect(expectInvalid(await send(app, 'POST', '/notes', {}))).toEqual(['#/title'])
  expect(expectInvalid(await send(app, 'POST', '/notes', { title: 'a', x: 1 }))).toEqual(['#/x'])
  expect(expectInvalid(await send(app, 'POST', '/notes', { title: 'a', version: 1 }))).toEqual([
    '#/version',
  ])
  expect(expectInvalid(await send(app, 'PATCH', path, { title: null }))).toEqual(['#/title'])
  const differing = { id: 'x', created_at: '2020-01-01T00:00:00Z', version: 9 }
  expect(expectInvalid(await send(app, 'PUT', path, differing)).sort()).toEqual([
    '#/created_at',
    '#/id',
    '#/version',
  ])
  expectInvalid(await send(app, 'GET', '/notes?unknown=1'))
  expect(await list(app)).toEqual([note])
})

test('a value that must be unique is refused while another record has it', async () => {
  const app = await start()
  await create(app, { title: 'a', slug: 'One' })
  const { id } = await create(app, { title: 'b', slug: 'two' })
  for (const answer of [
    await send(app, 'POST', '/notes', { title: 'c', slug: 'ONE' }),
    await send(app, 'PATCH', `/notes/${id}`, { slug: 'one' }),
  ]) {
    const problem = expectProblem(answer, 409, 'already_exists')
    const detail = 'is taken: another note has it'
    expect(problem).toMatchObject({
      detail: `slug ${detail}`,
      errors: [{ pointer: '#/slug', detail }],
    })
  }
  expect(await list(app)).toHaveLength(2)
  expect((await send(app, 'PATCH', `/notes/${id}`, { slug: 'TWO' })).statusCode).toBe(200)
})

test('a creation with a key is replayed byte for byte', async () => {
  const app = await start()
  const draft = { title: 'a', slug: 'one' }
  const first = await send(app, 'POST', '/notes', draft, keyed('k'))
  await send(app, 'PATCH', `/notes/${first.json<Note>().id}`, { title: 'b' })
  const again = await send(app, 'POST', '/notes', { slug: 'one', title: 'a' }, keyed('k'))
  expect([again.statusCode, again.body]).toEqual([201, first.body])
  expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true', etag: '"1"' })
  expect(again.headers['operation-id']).toBe(first.headers['operation-id'])
  const other = await send(app, 'POST', '/notes', { title: 'c' }, keyed('k'))
  expectProblem(other, 422, 'idempotency_key_reused')
  expect(await list(app)).toHaveLength(1)
})

test('a change with a key is made once, and its replay is the record as it is now', async () => {
  const app = await start()
  const { id } = await create(app)
  const path = `/notes/${id}`
  const headers = { ...keyed('k'), 'if-match': '"1"' }
  await send(app, 'PATCH', path, { title: 'b' }, headers)
  const now = await send(app, 'PATCH', path, { title: 'c' })
  const again = await send(app, 'PUT', path, { title: 'b' }, headers)
  expect([again.statusCode, again.body]).toEqual([200, now.body])
  expect(again.headers['idempotent-replayed']).toBe('true')
  const deletion = await send(app, 'DELETE', path, undefined, keyed('d'))
  expect(deletion.statusCode).toBe(204)
  expect((await send(app, 'DELETE', path, undefined, keyed('d'))).statusCode).toBe(204)
  expectProblem(await send(app, 'PUT', path, { title: 'b' }, headers), 404, 'not_found')
})

test('a record takes 100 keys of changes', async () => {
  const app = await start()
  const { id } = await create(app)
  for (let index = 0; index < 100; index += 1)
    await send(app, 'PATCH', `/notes/${id}`, { title: `t${index}` }, keyed(`k${index}`))
  const refused = await send(app, 'PATCH', `/notes/${id}`, { title: 'x' }, keyed('more'))
  const { detail } = expectProblem(refused, 429, 'too_many_keys')
  expect(detail).toMatch(/^A note may be changed with at most 100 different Idempotency-Keys/)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(86_000)
})

test('one key may be used for a task and a record, as two operations', async () => {
  const app = await start()
  const [task, note] = [
    await send(app, 'POST', '/tasks', { title: 'a' }, keyed('k')),
    await send(app, 'POST', '/notes', { title: 'a' }, keyed('k')),
  ]
  expect([task.statusCode, note.statusCode]).toEqual([201, 201])
  expect(task.headers['operation-id']).not.toBe(note.headers['operation-id'])
})

test('a list is in pages, of all records or of one parent', async () => {
  const app = await start()
  const task = await createTask(app)
  const notes: Note[] = []
  for (let index = 0; index < 5; index += 1)
    notes.push(await create(app, { title: `n${index}`, task_id: index < 3 ? task.id : null }))
  expect(await list(app)).toEqual(notes)
  expect(await list(app, `?task_id=${task.id.toUpperCase()}`)).toEqual(notes.slice(0, 3))

  const first = await send(app, 'GET', `/notes?limit=2&task_id=${task.id}`)
  expect(first.json()).toEqual(notes.slice(0, 2))
  const next = /^<(\/notes\?[^>]+)>; rel="next"$/.exec(String(first.headers.link))?.[1] ?? ''
  const second = await send(app, 'GET', next)
  expect([second.json(), second.headers.link]).toEqual([[notes[2]], undefined])

  const cursorOfTasks = 'WyJjcmVhdGVkX2F0IiwiMjAyNiIsIngiXQ'
  for (const cursor of ['x', cursorOfTasks])
    expect(expectInvalid(await send(app, 'GET', `/notes?cursor=${cursor}`))).toEqual(['#/cursor'])
  expectInvalid(await send(app, 'GET', '/notes?limit=0'))
})

test('a long list is streamed whole, and a page of it has its Link', async () => {
  const app = await start()
  const description = 'ä'.repeat(30_000)
  for (let index = 0; index < 12; index += 1) await create(app, { title: `n${index}`, description })
  expect((await list(app)).map(({ title }) => title)).toEqual(
    Array.from({ length: 12 }, (_, index) => `n${index}`),
  )
  const page = await send(app, 'GET', '/notes?limit=11')
  expect(page.json()).toHaveLength(11)
  expect(page.headers.link).toMatch(/rel="next"/)
})

test('each change is an event of its operation', async () => {
  const app = await start()
  const { id } = await create(app, { title: 'a', slug: 'one' })
  const changed = await send(app, 'PATCH', `/notes/${id}`, { title: 'b', slug: null })
  await send(app, 'DELETE', `/notes/${id}`)
  const events = (await send(app, 'GET', `/notes/${id}/events`)).json<Record<string, unknown>[]>()
  expect(events.map(({ type }) => type)).toEqual(['note.created', 'note.updated', 'note.deleted'])
  expect(events[1]).toMatchObject({
    resource: 'note',
    resource_id: id,
    version: 2,
    actor: { type: 'api' },
    operation_id: changed.headers['operation-id'],
    changes: { title: { before: 'a', after: 'b' }, slug: { before: 'one', after: null } },
  })
  expect(events[1]).not.toHaveProperty('task_id')
  expectProblem(await send(app, 'GET', `/tasks/${id}/events`), 404, 'not_found')
  const task = await createTask(app)
  expectProblem(await send(app, 'GET', `/notes/${task.id}/events`), 404, 'not_found')
  expectProblem(await send(app, 'GET', `/notes/${task.id}`), 404, 'not_found')
})

test('the document has what is served, and nothing of it elsewhere', async () => {
  const paths = (app: App) => app.inject('/openapi.json').then((answer) => answer.json())
  const document = await paths(await start())
  expect(Object.keys(document.paths).filter((path) => path.includes('notes'))).toEqual([
    '/notes',
    '/notes/{id}',
    '/notes/{id}/events',
  ])
  const { post } = document.paths['/notes']
  expect(post).toMatchObject({ operationId: 'createNote', tags: ['notes'] })
  expect(Object.keys(post.responses)).toContain('409')
  expect(document.components.schemas).toMatchObject({
    Note: { properties: { slug: {} } },
    NoteDraft: { required: ['title'] },
    NotePatch: {},
    NoteEvent: {},
  })
  const { patch } = document.paths['/notes/{id}']
  expect(patch.responses['404'].description).toContain('The note does not exist')
  expect(patch.responses['412'].headers.ETag.schema.description ?? '').not.toContain('task')
  const plain = JSON.stringify(await paths(await startApp()))
  expect(plain).not.toContain('already_exists')
})

test('without a database everything is refused', async () => {
  const app = await startApp({ database: 'none', features: createNotes })
  for (const [method, path, body] of [
    ['GET', '/notes'],
    ['GET', '/notes/x'],
    ['POST', '/notes', { title: 'a' }],
    ['PATCH', '/notes/x', {}],
  ] as const)
    expectProblem(await send(app, method, path, body), 503, 'database_not_configured')
})
