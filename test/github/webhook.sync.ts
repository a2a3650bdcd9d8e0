import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { afterwards, resetAfterCommit, slow } from './local-github/faults.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { byGithub, SECRETS } from './sync-calls.ts'
import { eventually, GET_ISSUE, PATCH_ISSUE, SWEEPING, startSynced } from './synced-service.ts'

const IMPORT_ALL = { GITHUB_IMPORT: 'all' }

/** The status that a body of so many bytes is answered before it is sent. */
const announce = async (url: string, bytes: number): Promise<number | undefined> => {
  const headers = {
    'content-type': 'application/json',
    'content-length': String(bytes),
    'x-github-event': 'issues',
  }
  const posted = request(url, { method: 'POST', headers })
  posted.on('error', () => {})
  posted.write('{')
  const [response] = (await once(posted, 'response')) as [IncomingMessage]
  posted.destroy()
  return response.statusCode
}

/** What webhooks bring about, by the real service over whatever database. */
describe('a webhook', () => {
  test('before the link is saved: the issue is adopted, no second task', async () => {
    const { github, create, deliver, linked, list, sync } = await startSynced({
      ...IMPORT_ALL,
      GITHUB_LOOKUP_DELAYS_MS: '60000',
    })
    github.fail(CREATE_ISSUE, resetAfterCommit)
    const { id } = await create({ title: 'once', priority: 'high', labels: ['ops'] })
    expect((await sync(id)).status).toBe('unconfirmed')
    await deliver()
    const task = await linked(id)
    expect(task).toMatchObject({
      external_reference_id: String(github.issue(1)?.id),
      priority: 'high',
      labels: ['ops'],
      version: 2,
    })
    expect(await list()).toHaveLength(1)
    expect(github.issues()).toHaveLength(1)
  })

  test('while the answer to our POST is under way: no second task', async () => {
    const { github, hook, create, list, sync } = await startSynced(IMPORT_ALL)
    github.fail(
      CREATE_ISSUE,
      afterwards(() => github.deliveries.send(hook, { times: 2 })),
    )
    const task = await create({ title: 'once', labels: ['ops'] })
    expect((await sync(task.id)).status).toBe('linked')
    await sleep(300)
    expect(await list()).toEqual([
      await (await fetch(`${hook.replace('/github/webhook', '')}/tasks/${task.id}`)).json(),
    ])
    expect(github.issues()).toHaveLength(1)
  })

  test('of an opened issue and one of its labels, together and swapped: one task', async () => {
    const { github, deliver, onlyTask, sync, history } = await startSynced(IMPORT_ALL)
    github
      .as('alice')
      .open({ title: 'hers', body: 'text', labels: ['bug', 'Priority:High', 'status:in_progress'] })
    await deliver({ together: true, order: 'reversed', times: 2 })
    const task = await onlyTask({
      title: 'hers',
      description: 'text',
      labels: ['bug'],
      priority: 'high',
      status: 'in_progress',
    })
    expect(task.version).toBe(1)
    expect(await sync(task.id)).toMatchObject({ status: 'linked', issue_number: 1 })
    expect(task.external_reference_id).toBe(String(github.issue(1)?.id))
    expect(await history(task.id)).toMatchObject([
      { type: 'task.created', actor: byGithub('alice') },
    ])
    expect(github.requests.writes()).toEqual([])
  })

  test('that comes twice has one effect', async () => {
    const { github, hook, create, deliver, shown, history } = await startSynced()
    const { id } = await create({ title: 'a' })
    github.deliveries.drop()
    github.as('alice').edit(1, { title: 'b' })
    const waiting = github.deliveries.waiting()
    await deliver({ times: 2, together: true })
    await shown(id, { title: 'b', version: 3 })
    await github.deliveries.resend(hook, waiting, { times: 2 })
    await deliver()
    expect(await history(id)).toMatchObject([
      { type: 'task.created' },
      { type: 'task.linked', actor: byGithub() },
      {
        type: 'task.updated',
        actor: byGithub('alice'),
        changes: { title: { before: 'a', after: 'b' } },
      },
    ])
    expect(github.requests.to(PATCH_ISSUE)).toEqual([])
  })

  test('with a bad or no signature is answered 401, with that of the former secret it is taken', async () => {
    const { github, hook, create, shown, get } = await startSynced()
    const { id } = await create({ title: 'a' })
    github.deliveries.drop()
    github.as('alice').edit(1, { title: 'b' })
    const [delivery] = github.deliveries.waiting()
    const statusOf = async (signature: 'good' | 'former' | 'bad' | 'none') =>
      (await github.deliveries.resend(hook, delivery ? [delivery] : [], { signature })).map(
        ({ status }) => status,
      )
    expect([await statusOf('bad'), await statusOf('none')]).toEqual([[401], [401]])
    await sleep(100)
    expect(await get(id)).toMatchObject({ title: 'a' })
    expect(await statusOf('former')).toEqual([202])
    await shown(id, { title: 'b' })
  })

  test('that echoes our own edit: no write on either side', async () => {
    const { github, create, put, deliver, linked, get, sync, writesDuring } = await startSynced({
      ...IMPORT_ALL,
      ...SWEEPING,
    })
    const { id } = await create({ title: 'a', labels: ['ops'] })
    await put(id, {
      title: 'b',
      description: 'text',
      status: 'in_progress',
      labels: ['ops', 'new'],
    })
    const before = await linked(id)
    expect(github.deliveries.waiting().length).toBeGreaterThan(4)
    expect(await writesDuring(() => deliver({ order: 'reversed', times: 2 }))).toEqual([])
    const after = await get(id)
    expect(after).toEqual(before)
    expect((await sync(id)).status).toBe('linked')
  })

  test('tells who changed an issue, also when ours was told of just before', async () => {
    const { github, create, put, deliver, shown, history } = await startSynced()
    const { id } = await create({ title: 'a', labels: ['ops'] })
    const other = await create({ title: 'another' })
    github.as('alice').edit(1, { title: 'b' })
    github.fail(GET_ISSUE, slow(500))
    await put(other.id, { title: 'keeps the worker busy' })
    await eventually(() => expect(github.requests.to(GET_ISSUE)).toHaveLength(1))
    await deliver()
    await shown(id, { title: 'b' })
    github.as('bob').close(1)
    await deliver()
    await shown(id, { status: 'completed' })
    expect((await history(id)).slice(1)).toMatchObject([
      { type: 'task.linked', actor: byGithub() },
      { type: 'task.updated', actor: byGithub('alice') },
      { type: 'task.completed', actor: byGithub('bob') },
    ])
  })

  test('answers 202 to a ping and to events of others, and never 5xx', async () => {
    const { github, hook } = await startSynced()
    expect((await github.deliveries.ping(hook)).status).toBe(202)
    const post = (body: string | Buffer, headers: Record<string, string> = {}) => {
      const signature = `sha256=${createHmac('sha256', SECRETS.secret).update(body).digest('hex')}`
      const signed = {
        'x-github-event': 'issues',
        'x-hub-signature-256': signature,
        'content-type': 'application/json',
      }
      return fetch(hook, {
        method: 'POST',
        body: new Uint8Array(Buffer.from(body)),
        headers: { ...signed, ...headers },
      })
    }
    const statusOf = async (...args: Parameters<typeof post>) => (await post(...args)).status
    expect(
      await statusOf('{}', { 'x-github-event': 'pull_request', 'x-github-delivery': 'one' }),
    ).toBe(202)
    expect(
      await statusOf('{"action":"created"}', {
        'x-github-event': 'issue_comment',
        'x-github-delivery': 'two',
      }),
    ).toBe(202)
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '"a"',
      '{"action":"opened","issue":null,"repository":null,"sender":null}',
    ])
      expect([body, await statusOf(body, { 'x-github-delivery': body })]).toEqual([body, 400])
    expect(await statusOf('{"a":"\\ud800', { 'x-github-delivery': 'x'.repeat(5000) })).toBe(400)
    expect(
      await statusOf('payload=1', { 'content-type': 'application/x-www-form-urlencoded' }),
    ).toBe(415)
    expect(await announce(hook, 8 * 1024 * 1024 + 1)).toBe(413)
  })

  test('is followed when GitHub no longer knows who made the change', async () => {
    const { github, create, hook, linked, shown, history } = await startSynced()
    const { id } = await linked((await create({ title: 'a' })).id)
    github.as('alice').edit(1, { title: 'b' })
    const dropped = github.deliveries.drop()
    const edited = dropped.at(-1) as (typeof dropped)[0]
    const payload = edited.text.slice(0, edited.text.lastIndexOf(',"sender":'))
    const answers = await github.deliveries.resend(hook, [
      { ...edited, text: `${payload},"sender":null}` },
    ])
    expect(answers.map(({ status }) => status)).toEqual([202])
    await shown(id, { title: 'b' })
    expect((await history(id)).at(-1)).toMatchObject({ actor: byGithub('ghost') })
  })

  test('of another repository moves nothing here', async () => {
    const { github, create, hook, get } = await startSynced(IMPORT_ALL)
    const other = github.addRepository('acme/other')
    const task = await create({ title: 'a' })
    github.deliveries.drop()
    other.as('alice').open({ title: 'not ours' })
    const before = github.requests.all().length
    const [answer] = await github.deliveries.send(hook)
    expect(answer?.status).toBe(202)
    await sleep(200)
    expect(await get(task.id)).toEqual(task)
    expect(github.requests.all().length).toBe(before)
  })

  test('of a deleted issue is told by its exact id, though it passes 2^53', async () => {
    const { github, create, deliver, sync } = await startSynced({}, { hugeIds: true })
    const { id, external_reference_id } = await create({ title: 'a' })
    expect(external_reference_id).toBe(String(github.issue(1)?.id))
    expect(BigInt(external_reference_id ?? '')).toBeGreaterThan(2n ** 53n)
    github.deliveries.drop()
    github.as('alice').delete(1)
    await deliver()
    await eventually(async () =>
      expect(await sync(id)).toMatchObject({
        status: 'issue_missing',
        error: { code: 'issue_deleted' },
      }),
    )
  })
})
