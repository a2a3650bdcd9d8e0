import { describe, expect, test } from 'vitest'
import type { SyncedTask } from './sync-calls.ts'
import { eventually, startSynced } from './synced-service.ts'

/** What clients may send of the fields that tell of an issue, by the real service over whatever database. */
describe('the fields that tell of an issue', () => {
  test('are accepted as they were read, and set by the service alone', async () => {
    const { github, create, get, put, read, send } = await startSynced()
    const task = await create({ title: 'a', external_reference_id: null })
    const issueId = String(github.issue(1)?.id)
    expect(task).toMatchObject({
      external_reference_id: issueId,
      version: 1,
      sync: { status: 'linked', issue_number: 1, error: null },
    })
    expect(task.sync.issue_url).toBe('https://github.com/acme/tasks/issues/1')

    expect(await put(task.id, task)).toEqual(task)
    expect(await put(task.id, { external_reference_id: null, sync: null })).toEqual(task)
    expect(
      await put(task.id, { ...task, sync: { ...task.sync, status: 'failed', issue_number: 7 } }),
    ).toEqual(task)
    const refused = await send('PUT', `/tasks/${task.id}`, {
      title: 'b',
      external_reference_id: 'mine',
    })
    expect([refused.status, await refused.json()]).toEqual([
      422,
      expect.objectContaining({
        errors: [{ pointer: '#/external_reference_id', detail: expect.stringContaining(issueId) }],
      }),
    ])
    for (const draft of [
      { title: 'x', external_reference_id: 'mine' },
      { title: 'x', sync: null },
      { title: 'x', sync: task.sync },
    ])
      expect([draft, (await send('POST', '/tasks', draft)).status]).toEqual([draft, 422])
    const batch = await send('POST', '/tasks/batch', {
      operations: [
        { op: 'create', task: { title: 'x', external_reference_id: 'mine' } },
        { op: 'update', id: task.id, task: { external_reference_id: 'mine' } },
      ],
    })
    expect(await batch.json()).toMatchObject({ results: [{ status: 422 }, { status: 422 }] })

    expect(await get(task.id)).toEqual(task)
    expect(await read(`/tasks?external_reference_id=${issueId}`)).toEqual([task])
    expect(github.issues()).toHaveLength(1)
  })

  test('a create that is repeated with its key opens no second issue, and tells of the one there is', async () => {
    const { github, send } = await startSynced({ GITHUB_CREATE_WAIT_MS: '0' })
    const post = () => send('POST', '/tasks', { title: 'a' }, { 'idempotency-key': 'once' })
    const task = (await (await post()).json()) as SyncedTask
    expect(task.external_reference_id).toBeNull()
    const again = await eventually(async () => {
      const answer = await post()
      expect(await answer.clone().json()).toMatchObject({
        external_reference_id: expect.any(String),
      })
      return answer
    })
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(await again.json()).toMatchObject({
      id: task.id,
      version: 1,
      external_reference_id: String(github.issue(1)?.id),
    })
    expect(github.issues()).toHaveLength(1)
  })
})
