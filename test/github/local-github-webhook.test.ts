import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Delivery, sign } from './local-github/webhook-posts.ts'
import { connect, HERE, ISSUE, ISSUES } from './octokit.ts'
import { startLocalGithub } from './start-local-github.ts'

interface Received {
  readonly event: string
  readonly id: string
  readonly signature: string | undefined
  readonly text: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** A listener that keeps what it gets. */
const listen = async (): Promise<{ readonly url: string; readonly received: Received[] }> => {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const header = (name: string): string => String(request.headers[name])
    received.push({
      event: header('x-github-event'),
      id: header('x-github-delivery'),
      signature: request.headers['x-hub-signature-256'] as string | undefined,
      text,
      payload: JSON.parse(text),
    })
    response.writeHead(202).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/github/webhook`,
    received,
  }
}

const webhook = { secret: 'new secret', formerSecret: 'old secret' }
const toActions = (deliveries: readonly Delivery[]) => deliveries.map(({ action }) => action)

describe('its webhook', () => {
  it('has a delivery for every change, ours included', async () => {
    const github = await startLocalGithub({ webhook })
    const octokit = connect(github)
    github.addRepository('acme/other')
    await octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x', labels: ['a'] })
    const change = { title: 'y', body: 'new', labels: ['b'], state: 'closed' as const }
    await octokit.request(`PATCH ${ISSUE}`, { ...HERE, issue_number: 1, ...change })
    await octokit.request(`PATCH ${ISSUE}`, { ...HERE, issue_number: 1, ...change })
    const alice = github.as('alice')
    alice.reopen(1)
    alice.comment(1, 'not subscribed to')
    alice.openPullRequest({ title: 'not subscribed to' })
    alice.transfer(1, 'acme/other')
    alice.delete(alice.open({ title: 'z' }).number)
    expect(toActions(github.deliveries.all())).toEqual([
      'opened',
      'labeled',
      'edited',
      'unlabeled',
      'labeled',
      'closed',
      'reopened',
      'transferred',
      'opened',
      'opened',
      'deleted',
    ])
    const [, , edited] = github.deliveries.all().map(({ text }) => JSON.parse(text))
    expect(edited).toMatchObject({
      changes: { title: { from: 'x' }, body: { from: '' } },
      sender: { login: 'task-bot' },
    })
    expect(edited).toMatchObject({ issue: { title: 'y' }, repository: { full_name: 'acme/tasks' } })
  })

  it('is signed over the exact bytes, by the new secret, the former, a bad one or none', async () => {
    const github = await startLocalGithub({ webhook })
    const { url, received } = await listen()
    github.as('alice').open({ title: 'naïve ☃' })
    const [delivery] = github.deliveries.waiting() as [Delivery]
    for (const signature of ['good', 'former', 'bad', 'none'] as const)
      await github.deliveries.resend(url, [delivery], { signature })
    const expected = [
      sign(delivery.text, 'new secret'),
      sign(delivery.text, 'old secret'),
      sign(delivery.text, 'not the secret'),
    ]
    expect(received.map(({ signature }) => signature)).toEqual([...expected, undefined])
    expect(new Set(received.map(({ id, text }) => id + text)).size).toBe(1)
    const answer = await github.deliveries.ping(url)
    expect(answer.status).toBe(202)
    expect(received.at(-1)).toMatchObject({ event: 'ping', payload: { hook_id: 1 } })
  })

  it('sends, drops, doubles and reorders what waits', async () => {
    const github = await startLocalGithub({ webhook })
    const { url, received } = await listen()
    const actions = () => received.splice(0).map(({ payload }) => payload.action)
    const alice = github.as('alice')
    alice.open({ title: 'x', labels: ['a'] })
    await github.deliveries.send(url, { order: 'reversed' })
    expect(actions()).toEqual(['labeled', 'opened'])
    alice.close(1)
    alice.reopen(1)
    expect(toActions(github.deliveries.drop(({ action }) => action === 'closed'))).toEqual([
      'closed',
    ])
    await github.deliveries.send(url, { times: 2, together: true })
    expect(actions()).toEqual(['reopened', 'reopened'])
    expect(github.deliveries.waiting()).toEqual([])
    expect(await github.deliveries.send(url)).toEqual([])
    alice.edit(1, { title: 'y' })
    const [lost] = await github.deliveries.send('http://127.0.0.1:1/nobody')
    expect(lost?.status).toBeUndefined()
  })

  it('goes by itself when forwarded, late, twice or never', async () => {
    const github = await startLocalGithub({ webhook })
    const { url, received } = await listen()
    const forwarding = github.deliveries.forward(url, {
      delayMs: 20,
      loss: 0.2,
      twice: 0.3,
      seed: 3,
    })
    for (let each = 0; each < 50; each += 1) github.as('alice').open({ title: `issue ${each}` })
    const answers = await forwarding.settled()
    forwarding.stop()
    expect(received).toHaveLength(answers.length)
    const ids = new Set(received.map(({ id }) => id))
    expect(ids.size).toBeLessThan(50)
    expect(received.length).toBeGreaterThan(ids.size)
    expect(github.deliveries.waiting()).toEqual([])
    github.as('alice').close(1)
    expect(github.deliveries.waiting()).toHaveLength(1)
  })
})
