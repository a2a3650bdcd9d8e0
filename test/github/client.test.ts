import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { createClient } from '#src/github/api/client.ts'
import { createGithubClock } from '#src/github/api/github-clock.ts'
import { toRemoteIssue } from '#src/github/issue/remote-issue.ts'
import { startLocalGithub } from './start-local-github.ts'

/** A client of a GitHub of the test's own. */
const start = async (timeoutMs = 5000) => {
  const github = await startLocalGithub({ hugeIds: true })
  const credential = { kind: 'token', token: github.token } as const
  const call = createClient({
    credential,
    apiUrl: github.url,
    timeoutMs,
    userAgent: 'test',
    clock: createGithubClock(Date.now),
  })
  return { github, call }
}

/** What a signal holds on to: who listens to it, and the signals that were made of it. */
const dependantsOf = (signal: AbortSignal): number => {
  const kept = Object.getOwnPropertySymbols(signal).map(
    (name) => (signal as unknown as Record<symbol, unknown>)[name],
  )
  const sizes = kept
    .map((value) => (value as { size?: unknown } | undefined)?.size)
    .filter((size) => typeof size === 'number')
  return sizes.reduce((sum, size) => sum + size, getEventListeners(signal, 'abort').length)
}

test('calls leave nothing behind on the signal that could have given them up', async () => {
  const { call } = await start()
  const { signal } = new AbortController()
  for (let count = 0; count < 20; count++)
    expect(await call('GET /user', {}, signal)).toMatchObject({ kind: 'ok' })
  expect(dependantsOf(signal)).toBe(0)
})

test('a call is given up by its signal, and one that was given up before does not leave', async () => {
  const { github, call } = await start()
  const hanging = github.fail(
    'GET *',
    { name: 'hang', happen: ({ released }) => released },
    { times: 1000 },
  )
  const giving = new AbortController()
  const calling = call('GET /user', {}, giving.signal)
  await expect.poll(hanging.hits).toBe(1)
  giving.abort()
  expect(await calling).toMatchObject({ kind: 'unknown' })
  expect(await call('GET /user', {}, giving.signal)).toMatchObject({ kind: 'unknown' })
  expect(github.requests.all()).toHaveLength(1)
  expect(dependantsOf(giving.signal)).toBe(0)
})

test('a call is given up after its time', async () => {
  const { github, call } = await start(100)
  github.fail('GET *', { name: 'hang', happen: ({ released }) => released })
  expect(await call('GET /user')).toMatchObject({ kind: 'unknown', wasSent: true })
})

test('an id that passes 2^53 comes whole, and no text is taken for one', async () => {
  const { github, call } = await start()
  const texts = [
    '9007199254740993n',
    '{"id": 9007199254740993}',
    '"id":9007199254740993,',
    '\\",12345678901234567890n,"',
    '9007199254740993',
  ]
  for (const text of texts) github.as('alice').open({ title: text, body: `${text}\n${text}` })
  const listed = await call('GET /repos/{owner}/{repo}/issues', {
    owner: 'acme',
    repo: 'tasks',
    direction: 'asc',
  })
  const issues = (listed.kind === 'ok' ? (listed.data as unknown[]) : []).map(toRemoteIssue)
  expect(issues.map(({ title, body }) => [title, body])).toEqual(
    texts.map((text) => [text, `${text}\n${text}`]),
  )
  expect(issues.map(({ id }) => id)).toEqual(github.issues().map(({ id }) => String(id)))
  expect(BigInt(issues[0]?.id ?? 0)).toBeGreaterThan(2n ** 53n)
})
