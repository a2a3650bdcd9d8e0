import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import {
  afterwards,
  hang,
  meanwhile,
  resetAfterCommit,
  resetBeforeCommit,
} from './local-github/faults.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { byGithub } from './sync-calls.ts'
import { eventually, GET_ISSUE, NEWER_MS, startSynced, waitForTask } from './synced-service.ts'

const UNKNOWN_ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'
const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const NO_WAIT = { GITHUB_CREATE_WAIT_MS: '0' }
const API = { type: 'api', id: null, name: null }

/** Linking a task to its issue is a commit like any other, by the real service on every database. */
describe('linking a task to its issue', () => {
  test('is a version, an ETag and an event of its own', async () => {
    const { github, send, linked, history } = await startSynced(NO_WAIT)
    const created = await send('POST', '/tasks', { title: 'a' })
    const first = (await created.json()) as Task
    expect(created.headers.get('etag')).toBe('"1"')
    expect(first).toMatchObject({ version: 1, external_reference_id: null, external_url: null })

    const task = await linked(first.id)
    const issue = { id: String(github.issue(1)?.id), url: 'https://github.com/acme/tasks/issues/1' }
    expect(task).toEqual({
      ...first,
      version: 2,
      external_reference_id: issue.id,
      external_url: issue.url,
      updated_at: expect.any(String),
    })
    const events = await history(first.id)
    expect(events).toMatchObject([
      { type: 'task.created', version: 1, actor: API },
      {
        type: 'task.linked',
        version: 2,
        actor: byGithub(),
        operation_id: UUID,
        changes: {
          external_reference_id: { before: null, after: issue.id },
          external_url: { before: null, after: issue.url },
        },
      },
    ])
    expect(events[0]?.operation_id).toBe(created.headers.get('operation-id'))
    expect(events[1]?.operation_id).not.toBe(events[0]?.operation_id)

    const path = `/tasks/${first.id}`
    const stale = await send('PATCH', path, { title: 'b' }, { 'if-match': '"1"' })
    expect([stale.status, stale.headers.get('etag'), await stale.json()]).toMatchObject([
      412,
      '"2"',
      { code: 'version_mismatch' },
    ])
    const known = (etag: string) => send('GET', path, undefined, { 'if-none-match': etag })
    expect([(await known('"1"')).status, (await known('"2"')).status]).toEqual([200, 304])
    expect((await send('PATCH', path, { title: 'b' }, { 'if-match': '"2"' })).status).toBe(200)
  })

  test('comes before the answer to POST if the issue is created within the wait', async () => {
    const { send, get, put, linked, issueShown, sync } = await startSynced()
    const created = await send('POST', '/tasks', { title: 'a' })
    const task = (await created.json()) as Task
    expect([created.status, created.headers.get('etag')]).toEqual([201, '"2"'])
    expect(task).toEqual(await get(task.id))
    expect(task).toMatchObject({ version: 2, external_reference_id: expect.any(String) })
    const patch = { title: 'b' }
    const path = `/tasks/${task.id}`
    expect((await send('PATCH', path, patch, { 'if-match': '"2"' })).status).toBe(200)
    await issueShown(1, patch)
    await linked(task.id)

    /** What the sync notes of its work is not part of the task, so that its ETag stays. */
    const before = await sync(task.id)
    await put(task.id, { description: 'text' })
    await issueShown(1, { body: expect.stringMatching(/^text\n/) })
    expect(await linked(task.id)).toMatchObject({ version: 4 })
    expect((await sync(task.id)).last_synced_at).not.toBe(before.last_synced_at)
    const known = await send('GET', path, undefined, { 'if-none-match': '"4"' })
    expect(known.status).toBe(304)
  })

  test('keeps a change that a client makes while the issue is being created', async () => {
    const { github, send, create, history, issueShown, shown } = await startSynced(NO_WAIT)
    const answers: Response[] = []
    github.fail(
      CREATE_ISSUE,
      meanwhile(async () => {
        const [{ id }] = (await (await send('GET', '/tasks')).json()) as [Task]
        answers.push(
          await send('PATCH', `/tasks/${id}`, { title: 'b' }, { 'if-match': '"1"' }),
          await send('POST', `/tasks/${id}/complete`, undefined, { 'if-match': '"2"' }),
        )
      }),
    )
    const { id } = await create({ title: 'a' })
    await issueShown(1, { title: 'b', state: 'closed' })
    await shown(id, { title: 'b', status: 'completed', version: 4 })
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const events = await history(id)
    expect(events.map(({ type, version }) => [type, version])).toEqual([
      ['task.created', 1],
      ['task.updated', 2],
      ['task.completed', 3],
      ['task.linked', 4],
    ])
    expect(Object.keys(events[3]?.changes ?? {})).toEqual(['external_reference_id', 'external_url'])
  })

  test('does not happen to a task that is deleted meanwhile: its issue is closed', async () => {
    const { github, send, create, history, issueShown, read } = await startSynced(NO_WAIT)
    github.fail(
      CREATE_ISSUE,
      meanwhile(async () => {
        const [{ id }] = (await (await send('GET', '/tasks')).json()) as [Task]
        expect((await send('DELETE', `/tasks/${id}`)).status).toBe(204)
        expectNotFound(await send('GET', `/tasks/${id}/sync`))
      }),
    )
    const { id } = await create({ title: 'a' })
    await issueShown(1, { state: 'closed', stateReason: 'not_planned' })
    await eventually(async () => expect(await read('/github/status')).toMatchObject({ jobs: {} }))
    expect((await history(id)).map(({ type }) => type)).toEqual(['task.created', 'task.deleted'])
  })

  test('does not make an edit of before newer than one at GitHub', async () => {
    const unconfirmed = { GITHUB_LOOKUP_DELAYS_MS: '60000' }
    const { github, create, sync, restart } = await startSynced(unconfirmed)
    github.fail(CREATE_ISSUE, resetAfterCommit)
    const { id } = await create({ title: 'a' })
    expect(await sync(id)).toMatchObject({ status: 'unconfirmed' })
    /** So the next process does not know GitHub's time when the task is edited. */
    const offline = github.fail('*', resetBeforeCommit, { probability: 1 })
    const service = await restart()
    await service.put(id, { title: 'ours' })
    await sleep(NEWER_MS)
    github.as('alice').edit(1, { title: 'hers' })
    await sleep(NEWER_MS)
    offline.stop()
    await github.deliveries.send(service.hook)
    await waitForTask(service, { id }, { title: 'hers', sync: { status: 'linked' } })
    expect(github.issue(1)?.title).toBe('hers')
  })

  test('is repeated when the task gets another issue, or its issue another URL', async () => {
    const { github, create, put, issueShown, shown, history, deliver } = await startSynced()
    const { id, external_url, version } = await create({ title: 'a' })
    github.rename('chores')
    await put(id, { title: 'b' })
    await issueShown(1, { title: 'b' })
    const url = 'https://github.com/acme/chores/issues/1'
    await shown(id, { external_url: url, version: version + 2 })
    const other = github.addRepository('acme/other')
    const away = github.as('alice').transfer(1, 'acme/other')
    await deliver()
    const back = other.as('alice').transfer(away.number, github.fullName())
    await deliver()
    const { version: last } = await shown(id, { external_reference_id: String(back.id) })
    expect(last).toBe(version + 3)
    expect((await history(id)).slice(2)).toMatchObject([
      { type: 'task.updated', actor: API },
      {
        type: 'task.linked',
        actor: byGithub(),
        changes: { external_url: { before: external_url, after: url } },
      },
      {
        type: 'task.linked',
        actor: byGithub(),
        changes: {
          external_reference_id: { after: String(back.id) },
          external_url: { before: url },
        },
      },
    ])
  })

  test('is part of the conflict when a value of the issue is discarded as well', async () => {
    const { github, hook, create, put, shown, issueShown, history } = await startSynced({
      GITHUB_CONFLICT: 'task',
    })
    const { id } = await create({ title: 'a' })
    github.rename('chores')
    const hanging = github.fail(GET_ISSUE, hang({ commit: 'never' }))
    await put(id, { title: 'ours' })
    await eventually(() => expect(hanging.hits()).toBe(1))
    github.as('alice').edit(1, { title: 'hers' })
    await github.deliveries.send(hook)
    hanging.release()
    await issueShown(1, { title: 'ours' })
    await shown(id, { title: 'ours' })
    expect((await history(id)).at(-1)).toMatchObject({
      type: 'task.conflict_resolved',
      actor: byGithub('alice'),
      changes: {
        title: { before: 'hers', after: 'ours' },
        external_url: { after: 'https://github.com/acme/chores/issues/1' },
      },
    })
  })
})

describe('a POST that is repeated with its key', () => {
  test('answers the task as it is now; once it is deleted, as it was created', async () => {
    const { github, send, get, linked, put, remove, list } = await startSynced(NO_WAIT)
    const draft = { title: 'a' }
    const post = () => send('POST', '/tasks', draft, { 'idempotency-key': 'once' })
    const created = await post()
    const first = (await created.json()) as Task
    expect([first.version, first.external_reference_id]).toEqual([1, null])
    await linked(first.id)
    await put(first.id, { title: 'b' })

    const again = await post()
    expect(headersOf(again)).toEqual({ ...headersOf(created), etag: '"3"', replayed: 'true' })
    const now = await again.json()
    expect(now).toEqual(await get(first.id))
    expect(now).toMatchObject({ version: 3, title: 'b', external_reference_id: expect.any(String) })

    await remove(first.id)
    const last = await post()
    expect(headersOf(last)).toEqual({ ...headersOf(created), replayed: 'true' })
    expect(await last.json()).toEqual(first)
    expect([await list(), github.issues().length]).toEqual([[], 1])
    const other = await send('POST', '/tasks', { title: 'x' }, { 'idempotency-key': 'once' })
    expect([other.status, await other.json()]).toMatchObject([
      422,
      { code: 'idempotency_key_reused' },
    ])
  })

  test('the same for the creations of a batch', async () => {
    const { send, get, linked, remove } = await startSynced(NO_WAIT)
    const operations = ['a', 'b'].map((title) => ({ op: 'create', task: { title } }))
    const post = async () => {
      const headers = { 'idempotency-key': 'all' }
      const answer = await send('POST', '/tasks/batch', { operations }, headers)
      const { results } = (await answer.json()) as { results: { task: Task }[] }
      return results.map(({ task }) => task)
    }
    const [kept, deleted] = (await post()) as [Task, Task]
    expect([kept.version, deleted.version]).toEqual([1, 1])
    for (const { id } of [kept, deleted]) await linked(id)
    await remove(deleted.id)
    expect(await post()).toEqual([await get(kept.id), deleted])
  })
})

describe('the state of an issue', () => {
  test('is 404 for a task that does not exist, or no longer does', async () => {
    const { create, remove, send } = await startSynced()
    const { id } = await create({ title: 'a' })
    expect((await send('GET', `/tasks/${id.toUpperCase()}/sync`)).status).toBe(200)
    await remove(id)
    for (const absent of [id, UNKNOWN_ID, 'nonsense'])
      await expectNotFound(await send('GET', `/tasks/${absent}/sync`))
  })
})

describe('what one delivery brings about', () => {
  test('is one operation, by the person who made the change at GitHub', async () => {
    const { github, hook, create, put, history, shown, issueShown, deliver } = await startSynced()
    const { id, version } = await create({ title: 'a', labels: ['x'] })
    await sleep(NEWER_MS)
    github.deliveries.drop()
    github.as('alice').edit(1, { title: 'b' })
    github.as('alice').label(1, 'y')
    await deliver()
    await shown(id, { title: 'b', labels: ['x', 'y'], version: version + 1 })
    github.as('bob').close(1)
    await deliver()
    await shown(id, { status: 'completed', version: version + 2 })

    /** Her change, and the new URL that our own write shows after it. */
    const hanging = github.fail(GET_ISSUE, hang({ commit: 'never' }))
    await put(id, { description: 'ours' })
    await eventually(() => expect(hanging.hits()).toBe(1))
    github.as('alice').edit(1, { title: 'c' })
    github.fail(
      GET_ISSUE,
      afterwards(() => github.rename('chores')),
    )
    await github.deliveries.send(hook)
    hanging.release()
    await issueShown(1, { title: 'c', body: expect.stringMatching(/^ours\n/) })
    await shown(id, { title: 'c', description: 'ours' })
    const events = await history(id)
    expect(events.slice(4)).toMatchObject([
      { type: 'task.updated', actor: API, changes: { description: {} } },
      { type: 'task.updated', actor: byGithub('alice'), changes: { title: {} } },
      { type: 'task.linked', actor: byGithub(), changes: { external_url: {} } },
    ])
    const operations = events.map(({ operation_id }) => operation_id)
    expect(operations).toEqual(operations.map(() => UUID))
    expect(operations.at(-1)).toBe(operations.at(-2))
    expect(new Set(operations).size).toBe(operations.length - 1)
  })
})

const expectNotFound = async (answer: Response): Promise<void> =>
  expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'not_found' }])

const headersOf = ({ status, headers }: Response) => ({
  status,
  etag: headers.get('etag'),
  location: headers.get('location'),
  operation: headers.get('operation-id'),
  replayed: headers.get('idempotent-replayed'),
})
