import { describe, expect, test } from 'vitest'
import { startSynced } from './synced-service.ts'

/** What clients may send of the fields that show an issue, by the real service on every database. */
describe('the fields that show an issue', () => {
  test('are accepted as they were read, and set by the service alone', async () => {
    const { github, create, get, put, read, send, sync } = await startSynced()
    const task = await create({ title: 'a', external_reference_id: null, external_url: null })
    const issueId = String(github.issue(1)?.id)
    const url = 'https://github.com/acme/tasks/issues/1'
    expect(task).toMatchObject({ external_reference_id: issueId, external_url: url, version: 2 })
    expect(await sync(task.id)).toMatchObject({
      status: 'linked',
      issue_number: 1,
      issue_url: url,
      error: null,
    })

    expect(await put(task.id, task)).toEqual(task)
    expect(await put(task.id, { external_reference_id: issueId })).toEqual(task)
    expect(await put(task.id, { external_url: url })).toEqual(task)
    for (const [field, value, stored] of [
      ['external_reference_id', 'mine', issueId],
      ['external_reference_id', null, issueId],
      ['external_url', 'https://example.com/mine', url],
      ['external_url', null, url],
    ] as const) {
      const refusal = refusalOf(field, JSON.stringify(stored))
      for (const method of ['PUT', 'PATCH']) {
        const answer = await send(method, `/tasks/${task.id}`, { title: 'b', [field]: value })
        expect([answer.status, await answer.json()]).toEqual([422, refusal])
      }
    }

    for (const [field, value] of [
      ['external_reference_id', 'mine'],
      ['external_url', 'https://example.com/mine'],
    ] as const) {
      const refusal = refusalOf(field, 'null')
      const answer = await send('POST', '/tasks', { title: 'x', [field]: value })
      expect([answer.status, await answer.json()]).toEqual([422, refusal])
      const batch = await send('POST', '/tasks/batch', {
        operations: [
          { op: 'create', task: { title: 'x', [field]: value } },
          { op: 'update', id: task.id, task: { [field]: value } },
          { op: 'update', id: task.id, task: { [field]: null } },
        ],
      })
      const pointers = [{ pointer: `#/${field}` }]
      const refused = { status: 422, error: { code: 'invalid_input', errors: pointers } }
      expect(await batch.json()).toMatchObject({ results: [refused, refused, refused] })
    }

    expect(await get(task.id)).toEqual(task)
    expect(await read(`/tasks?external_reference_id=${issueId}`)).toEqual([task])
    expect(github.issues()).toHaveLength(1)
  })

  test('`sync` is not one of them: an unknown field like any other', async () => {
    const { create, put, send, sync } = await startSynced()
    const task = await create({ title: 'a' })
    expect(task).not.toHaveProperty('sync')
    for (const state of [null, await sync(task.id)]) {
      const answers = [
        await send('POST', '/tasks', { title: 'x', sync: state }),
        await send('PUT', `/tasks/${task.id}`, { sync: state }),
      ]
      for (const answer of answers)
        expect([answer.status, await answer.json()]).toMatchObject([
          422,
          { errors: [{ pointer: '#/sync' }] },
        ])
    }
    expect(await put(task.id, {})).toEqual(task)
  })
})

const refusalOf = (field: string, expected: string) =>
  expect.objectContaining({
    code: 'invalid_input',
    errors: [{ pointer: `#/${field}`, detail: expect.stringContaining(expected) }],
  })
