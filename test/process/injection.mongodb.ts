import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'

const OPERATOR = { $gt: '' }

const start = async () => {
  const service = await startProcess({ DATABASE_URL: await createDatabaseUrl() }, createFolder())
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => {
    const response = await sendJson(`${service.url}${path}`, method, body, headers)
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
  const first: Task = (await ask('POST', '/tasks', { title: 'Buy milk', labels: ['home'] })).body
  const second: Task = (await ask('POST', '/tasks', { title: 'Anything', status: 'completed' }))
    .body
  return { ask, first, second }
}

describe('an operator of MongoDB', () => {
  test('as a value of a field is refused', async () => {
    const { ask, first } = await start()
    for (const field of [
      'title',
      'description',
      'status',
      'priority',
      'due_at',
      'external_reference_id',
    ]) {
      const body = { title: 'x', [field]: OPERATOR }
      for (const answer of [
        await ask('POST', '/tasks', body),
        await ask('PUT', `/tasks/${first.id}`, { [field]: OPERATOR }),
        await ask('PATCH', `/tasks/${first.id}`, { [field]: OPERATOR }),
        await ask('POST', '/tasks/batch', { operations: [{ op: 'create', task: body }] }),
      ]) {
        expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } })
      }
    }
    expect((await ask('GET', `/tasks/${first.id}`)).body).toEqual(first)
  })

  test('as a name of a field is refused', async () => {
    const { ask, first } = await start()
    for (const body of [
      { $set: { title: 'x' } },
      { 'task.title': 'x' },
      { title: 'x', $where: 'true' },
      { labels: [OPERATOR] },
    ]) {
      expect((await ask('PATCH', `/tasks/${first.id}`, body)).status).toBe(422)
      expect((await ask('POST', '/tasks', { title: 'x', ...body })).status).toBe(422)
    }
    expect((await ask('GET', '/tasks')).body).toHaveLength(2)
  })

  test('in a query is refused', async () => {
    const { ask } = await start()
    for (const query of [
      'status[$ne]=completed',
      'status[]=pending',
      'status=$ne',
      'label[$regex]=.*',
      'limit[$gt]=1',
      'q[$ne]=x',
      '$where=true',
      'external_reference_id[$gt]=',
      'sort=$natural',
      'limit=1&cursor=eyIkZ3QiOiIifQ',
    ]) {
      expect(await ask('GET', `/tasks?${query}`), query).toMatchObject({
        status: 422,
        body: { code: 'invalid_input' },
      })
    }
  })

  test('as an id is no task', async () => {
    const { ask } = await start()
    for (const id of ['{"$gt":""}', '$ne', '[$ne]', '.*', 'key:twins', '__proto__']) {
      const path = `/tasks/${encodeURIComponent(id)}`
      expect((await ask('GET', path)).status).toBe(404)
      expect((await ask('DELETE', path)).status).toBe(404)
      expect((await ask('PATCH', path, { title: 'x' })).status).toBe(404)
      expect((await ask('POST', `${path}/complete`)).status).toBe(404)
      expect((await ask('GET', `${path}/events`)).status).toBe(404)
    }
    expect((await ask('GET', '/tasks')).body).toHaveLength(2)
  })

  test('in a text is that text', async () => {
    const { ask, first } = await start()
    let before = first.title
    for (const text of [
      '$set',
      '$where',
      '$title',
      '$$ROOT',
      '$task.title',
      '{"$gt":""}',
      'a.b',
      '$',
      '__proto__',
    ]) {
      const fields = { title: text, description: text, labels: [text] }
      const created = await ask('POST', '/tasks', { ...fields, external_reference_id: text })
      expect(created).toMatchObject({ status: 201, body: fields })
      const changed = await ask('PATCH', `/tasks/${first.id}`, fields)
      expect(changed).toMatchObject({ status: 200, body: fields })
      expect((await ask('GET', `/tasks/${created.body.id}`)).body).toEqual(created.body)
      const name = encodeURIComponent(text)
      expect((await ask('GET', `/tasks?label=${name}`)).body).toEqual([changed.body, created.body])
      expect((await ask('GET', `/tasks?external_reference_id=${name}`)).body).toEqual([
        created.body,
      ])
      const event = (await ask('GET', `/tasks/${first.id}/events`)).body.at(-1)
      expect(event.changes.title).toEqual({ before, after: text })
      before = text
    }
  })
})

test('a search for a pattern is one for its words', async () => {
  const { ask, first } = await start()
  const find = async (q: string) => (await ask('GET', `/tasks?q=${encodeURIComponent(q)}`)).body
  for (const q of ['.*', '/.*/', '"', '^$'])
    expect(await find(q), q).toMatchObject({ status: 422, code: 'invalid_input' })
  for (const q of ['^a|b', 'm[a-z]lk', '(?i)milk', 'm\\w', '$where', 'mi?k'])
    expect(await find(q), q).toEqual([])
  for (const q of ['b.*', 'MILK$', '^buy', '{"milk":""}']) expect(await find(q), q).toEqual([first])
})

test('an Idempotency-Key is a text, whatever it holds', async () => {
  const { ask } = await start()
  const post = (title: string, key: string) =>
    ask('POST', '/tasks', { title }, { 'idempotency-key': key })
  for (const key of ['plain', '{"$gt":""}', '$ne', '.*', 'a.b', '__proto__']) {
    const created = await post(`For ${key}`, key)
    expect(created).toMatchObject({ status: 201, body: { title: `For ${key}` } })
    const again = await post(`For ${key}`, key)
    expect(again.body).toEqual(created.body)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(await post('Other', key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    })
  }
  expect((await ask('GET', '/tasks')).body).toHaveLength(2 + 6)
})
