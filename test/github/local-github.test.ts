import { Octokit } from '@octokit/core'
import { describe, expect, it, vi } from 'vitest'
import { operations } from './local-github/api-description.ts'
import { createClock } from './local-github/clock.ts'
import {
  afterwards,
  answerWith,
  errorAfterCommit,
  errorBeforeCommit,
  hang,
  lateCommit,
  meanwhile,
  primaryLimit,
  resetAfterCommit,
  resetBeforeCommit,
  secondaryLimit,
  slow,
} from './local-github/faults.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE, ROUTES } from './local-github/routes.ts'
import { startLocalGithub, takeViolations } from './start-local-github.ts'

const HERE = { owner: 'acme', repo: 'tasks' }
const ISSUES = '/repos/{owner}/{repo}/issues'
const ISSUE = `${ISSUES}/{issue_number}` as const

const connect = (github: LocalGithub, auth: string = github.token): Octokit =>
  new Octokit({ auth, baseUrl: github.url, request: { redirect: 'manual' } })

/** Octokit throws from 400 on and on 304; a redirect that it does not follow is an answer to it. */
const refusalOf = async (work: Promise<{ status: number; data: unknown }>): Promise<{ status: number; body: unknown }> =>
  work.then(
    ({ status, data }) => (status < 300 ? expect.fail(`it was answered ${status}`) : { status, body: data }),
    ({ status, response }) => ({ status, body: response?.data }),
  )

describe('what it serves', () => {
  it('is all that was cut out of the description', () => {
    expect(operations.map(({ route }) => route).sort()).toEqual(Object.keys(ROUTES).sort())
  })

  it('lets a real Octokit create, read, change and close an issue', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const { data: made } = await octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'One', body: 'text', labels: ['x'] })
    expect(made).toMatchObject({ number: 1, title: 'One', state: 'open', user: { login: 'task-bot' }, labels: [{ name: 'x' }] })
    expect(made.id).toBeGreaterThan(2 ** 31)
    expect(made.created_at).toMatch(/T\d\d:\d\d:\d\dZ$/)
    const place = { ...HERE, issue_number: 1 }
    await octokit.request(`PATCH ${ISSUE}`, { ...place, title: 'Two', state: 'closed', state_reason: 'not_planned' })
    const { data } = await octokit.request(`GET ${ISSUE}`, place)
    expect(data).toMatchObject({ title: 'Two', body: 'text', state: 'closed', state_reason: 'not_planned' })
    expect(data.closed_by).toMatchObject({ login: 'task-bot' })
    await octokit.request(`PATCH ${ISSUE}`, { ...place, state: 'open' })
    expect(github.issue(1)).toMatchObject({ state: 'open', stateReason: 'reopened', closedAt: null })
  })

  it('pages, filters and sorts a list, with links that can be followed', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const alice = github.as('alice')
    for (const title of ['a', 'b', 'c', 'd', 'e']) alice.open({ title, labels: title === 'c' ? ['Odd'] : [] })
    alice.openPullRequest({ title: 'pr' })
    alice.close(5)
    const list = async (query: object): Promise<string[]> => {
      const { data } = await octokit.request(`GET ${ISSUES}`, { ...HERE, ...query })
      return data.map(({ title }) => title)
    }
    expect(await list({})).toEqual(['pr', 'd', 'c', 'b', 'a'])
    expect(await list({ state: 'all', direction: 'asc' })).toEqual(['a', 'b', 'c', 'd', 'e', 'pr'])
    expect(await list({ labels: 'odd' })).toEqual(['c'])
    expect(await list({ creator: 'nobody' })).toEqual([])
    expect(await list({ since: new Date(Date.now() + 60_000).toISOString() })).toEqual([])
    const first = await octokit.request(`GET ${ISSUES}`, { ...HERE, per_page: 2, direction: 'asc' })
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.link ?? '')?.[1] ?? ''
    expect(next).toContain(`/repositories/${github.id}/issues?`)
    const { data } = await octokit.request(`GET ${next}`)
    expect(data.map(({ title }: { title: string }) => title)).toEqual(['c', 'd'])
  })

  it('answers 304 to those who know it already, free of charge', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const { headers } = await octokit.request(`GET ${ISSUES}`, HERE)
    const before = github.limits.state().used
    const again = octokit.request(`GET ${ISSUES}`, { ...HERE, headers: { 'if-none-match': headers.etag } })
    expect((await refusalOf(again)).status).toBe(304)
    expect(github.limits.state().used).toBe(before)
  })

  it('adds, sets and removes labels, whatever their case, and keeps those of others', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    github.as('alice').open({ title: 'x', labels: ['Human'] })
    const place = { ...HERE, issue_number: 1 }
    await octokit.request(`POST ${ISSUE}/labels`, { ...place, labels: ['human', 'priority:high'] })
    expect(github.issue(1)?.labels.map(({ name }) => name)).toEqual(['Human', 'priority:high'])
    await octokit.request(`DELETE ${ISSUE}/labels/{name}`, { ...place, name: 'priority:high' })
    expect((await refusalOf(octokit.request(`DELETE ${ISSUE}/labels/{name}`, { ...place, name: 'gone' }))).status).toBe(404)
    await octokit.request(`PUT ${ISSUE}/labels`, { ...place, labels: ['only'] })
    expect(github.issue(1)?.labels.map(({ name }) => name)).toEqual(['only'])
    await octokit.request(`DELETE ${ISSUE}/labels`, place)
    expect(github.issue(1)?.labels).toEqual([])
    await octokit.request('POST /repos/{owner}/{repo}/labels', { ...HERE, name: 'new', color: 'ff0000' })
    const twice = await refusalOf(octokit.request('POST /repos/{owner}/{repo}/labels', { ...HERE, name: 'NEW' }))
    expect(twice).toMatchObject({ status: 422, body: { errors: [{ code: 'already_exists' }] } })
    await octokit.request('GET /repos/{owner}/{repo}/labels', HERE)
    await octokit.request('GET /repos/{owner}/{repo}/labels/{name}', { ...HERE, name: 'new' })
    await octokit.request(`GET ${ISSUE}/labels`, place)
  })

  it('answers the smaller questions in the shape that GitHub describes', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const { data: user } = await octokit.request('GET /user')
    await octokit.request('GET /users/{username}', { username: user.login })
    const { data: repository } = await octokit.request('GET /repos/{owner}/{repo}', HERE)
    const byId = await octokit.request('GET /repositories/{id}', { id: repository.id })
    expect(byId.data.full_name).toBe('acme/tasks')
    await octokit.request('GET /rate_limit')
    github.as('alice').open({ title: 'x' })
    await octokit.request(`POST ${ISSUE}/comments`, { ...HERE, issue_number: 1, body: 'hello' })
    const { data } = await octokit.request(`GET ${ISSUE}/comments`, { ...HERE, issue_number: 1 })
    expect(data).toHaveLength(1)
  })

  it('gives ids beyond 2^53 whole, which a client sees who reads them so', async () => {
    const github = await startLocalGithub({ hugeIds: true })
    const octokit = connect(github)
    const { data: one } = await octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'one' })
    const { data: two } = await octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'two' })
    expect([String(one.id), String(two.id)]).toEqual(['9007199254740995', '9007199254740997'])
    expect(typeof one.id).toBe('bigint')
    const close = { state: 'closed', state_reason: 'duplicate', duplicate_issue_id: one.id } as const
    await octokit.request(`PATCH ${ISSUE}`, { ...HERE, issue_number: 2, ...close })
    expect(github.issue(2)?.duplicateOf).toBe(9007199254740995n)
  })

  it('has the ways of an Enterprise server below /api/v3', async () => {
    const github = await startLocalGithub({ prefix: '/api/v3' })
    const { data } = await connect(github).request(`POST ${ISSUES}`, { ...HERE, title: 'x' })
    expect(data.url).toBe(`${github.url}/repos/acme/tasks/issues/1`)
  })
})

describe('what it refuses', () => {
  it.each([
    ['no title', { body: 'x' }, '"title" wasn\'t supplied.'],
    ['an unknown field', { title: 'x', state: 'open' }, '"state" is not a permitted key.'],
    ['a wrong type', { title: 'x', body: 1 }, "For 'properties/body', must be string."],
    ['what is not modelled', { title: 'x', milestone: 1 }, '"milestone" is real, but not modelled here.'],
  ])('%s: 422 and a violation', async (_, body, problem) => {
    const github = await startLocalGithub()
    const { status } = await refusalOf(connect(github).request(`POST ${ISSUES}`, { ...HERE, ...body } as never))
    expect(status).toBe(422)
    expect(takeViolations(github)).toEqual([`POST ${ISSUES}: ${problem}`])
    expect(github.issues()).toEqual([])
  })

  it('a wrong state, an unknown query and an unknown path', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    github.as('alice').open({ title: 'x' })
    const place = { ...HERE, issue_number: 1 }
    expect((await refusalOf(octokit.request(`PATCH ${ISSUE}`, { ...place, state: 'done' } as never))).status).toBe(422)
    expect((await refusalOf(octokit.request(`GET ${ISSUES}`, { ...HERE, sorted: 'x' }))).status).toBe(422)
    expect((await refusalOf(octokit.request('GET /repos/{owner}/{repo}/milestones', HERE))).status).toBe(404)
    expect(takeViolations(github)).toHaveLength(3)
  })

  it('texts that are too long, by characters, without calling it a violation', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    await octokit.request(`POST ${ISSUES}`, { ...HERE, title: '😀'.repeat(256), body: 'b'.repeat(65_536) })
    const title = await refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 't'.repeat(257) }))
    expect(title).toMatchObject({ status: 422, body: { errors: [{ field: 'title' }] } })
    const body = await refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 't', body: 'b'.repeat(65_537) }))
    expect(body).toMatchObject({ status: 422, body: { errors: [{ field: 'body' }] } })
  })

  it('those without rights, each in its way', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    github.as('alice').open({ title: 'hers' })
    const place = { ...HERE, issue_number: 1 }
    github.setRights('pull')
    const { data } = await octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x', labels: ['dropped'] })
    expect(data.labels).toEqual([])
    expect((await refusalOf(octokit.request(`PATCH ${ISSUE}`, { ...place, title: 'mine' }))).status).toBe(403)
    github.setRights('read')
    expect((await refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x' }))).status).toBe(403)
    github.setRights('none')
    expect((await refusalOf(octokit.request('GET /repos/{owner}/{repo}', HERE))).status).toBe(404)
    github.revokeToken()
    const revoked = await refusalOf(octokit.request('GET /user'))
    expect(revoked).toMatchObject({ status: 401, body: { message: 'Bad credentials' } })
    github.restoreToken()
    await octokit.request('GET /user')
  })

  it('issues that are deleted, transferred or switched off', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const other = github.addRepository('acme/other')
    const alice = github.as('alice')
    for (const title of ['a', 'b', 'c']) alice.open({ title })
    alice.delete(1)
    alice.transfer(2, 'acme/other')
    const get = (issue_number: number) => refusalOf(octokit.request(`GET ${ISSUE}`, { ...HERE, issue_number }))
    expect(await get(1)).toMatchObject({ status: 410, body: { message: 'This issue was deleted' } })
    expect(await get(2)).toMatchObject({ status: 301, body: { url: `${github.url}/repositories/${other.id}/issues/1` } })
    expect((await get(9)).status).toBe(404)
    github.disableIssues()
    expect((await refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x' }))).status).toBe(410)
    github.enableIssues()
    github.delete()
    expect((await get(3)).status).toBe(404)
  })

  it('the former name of a repository: 301 to a read, 307 to a write, both with the way there', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    github.rename('chores')
    github.transfer('umbrella')
    const url = `${github.url}/repositories/${github.id}`
    const read = await refusalOf(octokit.request('GET /repos/{owner}/{repo}', HERE))
    expect(read).toMatchObject({ status: 301, body: { message: 'Moved Permanently', url } })
    const written = await refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x' }))
    expect(written).toMatchObject({ status: 307, body: { url: `${url}/issues` } })
    expect(github.issues()).toEqual([])
    const { data } = await octokit.request('POST /repositories/{id}/issues', { id: github.id, title: 'x' })
    expect(data.url).toBe(`${github.url}/repos/umbrella/chores/issues/1`)
  })
})

const post = (octokit: Octokit, title = 'x') => octokit.request(`POST ${ISSUES}`, { ...HERE, title })

describe('what goes wrong when told to', () => {
  it.each([
    ['resetBeforeCommit', resetBeforeCommit, 500, 0],
    ['resetAfterCommit', resetAfterCommit, 500, 1],
    ['errorBeforeCommit', errorBeforeCommit(503), 503, 0],
    ['errorAfterCommit', errorAfterCommit(502), 502, 1],
    ['answerWith', answerWith({ status: 404, body: { message: 'Not Found' } }), 404, 0],
  ] as const)('%s: once, and then all is well', async (_, fault, status, made) => {
    const github = await startLocalGithub()
    const rule = github.fail(CREATE_ISSUE, fault)
    expect((await refusalOf(post(connect(github)))).status).toBe(status)
    expect(github.issues()).toHaveLength(made)
    await post(connect(github))
    expect(github.issues()).toHaveLength(made + 1)
    expect(rule.hits()).toBe(1)
    expect(github.requests.to(CREATE_ISSUE).map(({ outcome }) => outcome)).toEqual([
      status === 500 ? 'reset' : 'answered',
      'answered',
    ])
  })

  it('hang: no answer until it is released, and nothing done for one who left', async () => {
    const github = await startLocalGithub()
    const rule = github.fail(CREATE_ISSUE, hang(), { times: 2 })
    const impatient = connect(github).request(`POST ${ISSUES}`, {
      ...HERE,
      title: 'left',
      request: { signal: AbortSignal.timeout(50), redirect: 'manual' },
    })
    await expect(impatient).rejects.toThrow()
    await vi.waitFor(() => expect(github.requests.all()[0]?.outcome).toBe('abandoned'))
    const patient = post(connect(github), 'waited')
    await vi.waitFor(() => expect(github.requests.all()).toHaveLength(2))
    rule.release()
    expect((await patient).status).toBe(201)
    expect(github.issues().map(({ title }) => title)).toEqual(['waited'])
  })

  it.each(['reset', 504, 'wait'] as const)('lateCommit: it is done after the client knew (%s)', async (answer) => {
    const github = await startLocalGithub()
    github.fail(CREATE_ISSUE, lateCommit(150, answer))
    const signal = AbortSignal.timeout(50)
    const work = connect(github).request(`POST ${ISSUES}`, { ...HERE, title: 'x', request: { signal, redirect: 'manual' } })
    await expect(work).rejects.toThrow()
    expect(github.issues()).toEqual([])
    await vi.waitFor(() => expect(github.issues()).toHaveLength(1))
  })

  it('slow, and what others do meanwhile and afterwards', async () => {
    const github = await startLocalGithub()
    const alice = github.as('alice')
    alice.open({ title: 'x', labels: ['a'] })
    const patch = `PATCH ${ISSUE}`
    const change = (labels: string[]) => connect(github).request(`PATCH ${ISSUE}`, { ...HERE, issue_number: 1, labels })
    github.fail(
      patch,
      meanwhile(() => alice.label(1, 'before')),
    )
    expect((await change(['b'])).data.labels).toMatchObject([{ name: 'b' }])
    github.fail(
      patch,
      afterwards(() => alice.label(1, 'after')),
    )
    expect((await change(['c'])).data.labels).toMatchObject([{ name: 'c' }])
    expect(github.issue(1)?.labels.map(({ name }) => name)).toEqual(['c', 'after'])
    github.fail(patch, slow(60))
    const begun = performance.now()
    await change(['d'])
    expect(performance.now() - begun).toBeGreaterThan(50)
  })

  it('primaryLimit: that account is refused until the reset, and the others are not', async () => {
    const clock = createClock()
    const github = await startLocalGithub({ now: clock.now })
    github.addToken('other', 'someone-else')
    github.fail(CREATE_ISSUE, primaryLimit({ seconds: 120 }))
    const error = await post(connect(github)).catch((failure) => failure)
    expect(error.status).toBe(403)
    expect(error.response.headers['x-ratelimit-remaining']).toBe('0')
    expect(Number(error.response.headers['x-ratelimit-reset'])).toBeCloseTo((clock.now() + 120_000) / 1000, -1)
    expect((await refusalOf(connect(github).request('GET /user'))).status).toBe(403)
    await connect(github, 'other').request('GET /user')
    clock.advance(121_000)
    await post(connect(github))
    expect(github.requests.all().map(({ refused }) => refused)).toEqual(['primary', 'primary', undefined, undefined])
  })

  it('secondaryLimit: with Retry-After or without it, as 403 or 429', async () => {
    const clock = createClock()
    const github = await startLocalGithub({ now: clock.now, limits: { createsPerMinute: 2 } })
    github.fail(CREATE_ISSUE, secondaryLimit({ seconds: 30, status: 429 }))
    const error = await post(connect(github)).catch((failure) => failure)
    expect(error.status).toBe(429)
    expect(error.response.headers['retry-after']).toBe('30')
    github.limits.reset()
    github.limits.slowDown({ retryAfter: false })
    const bare = await post(connect(github)).catch((failure) => failure)
    expect(bare.response.headers).not.toHaveProperty('retry-after')
    clock.advance(61_000)
    await post(connect(github))
    await post(connect(github))
    expect((await refusalOf(post(connect(github)))).status).toBe(403)
  })

  it('a spent budget, counted as GitHub counts', async () => {
    const github = await startLocalGithub({ limits: { requestsPerHour: 2 } })
    const { headers } = await connect(github).request('GET /user')
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1', 'x-ratelimit-used': '1' })
    await connect(github).request('GET /user')
    expect((await refusalOf(connect(github).request('GET /user'))).status).toBe(403)
    await connect(github).request('GET /rate_limit')
  })

  it('a lagging list and a lagging read, which show what was', async () => {
    const clock = createClock()
    clock.stop()
    const github = await startLocalGithub({ now: clock.now })
    const octokit = connect(github)
    const titles = async () => (await octokit.request(`GET ${ISSUES}`, HERE)).data.map(({ title }) => title)
    github.lag({ lists: 5000, reads: 1000 })
    await post(octokit, 'new')
    expect(await titles()).toEqual([])
    expect((await refusalOf(octokit.request(`GET ${ISSUE}`, { ...HERE, issue_number: 1 }))).status).toBe(404)
    clock.advance(5000)
    github.as('alice').edit(1, { title: 'newer' })
    expect(await titles()).toEqual(['new'])
    clock.advance(5000)
    expect(await titles()).toEqual(['newer'])
  })

  it('a share of all requests, the same for the same seed', async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const github = await startLocalGithub()
        github.fail('*', [resetBeforeCommit, errorAfterCommit(500)], { probability: 0.45, seed: 7 })
        for (let each = 0; each < 40; each += 1) await post(connect(github)).catch(() => undefined)
        return github.requests.all().map(({ fault }) => fault)
      }),
    )
    expect(runs[0]).toEqual(runs[1])
    const hit = runs[0]?.filter((fault) => fault !== undefined).length ?? 0
    expect(hit).toBeGreaterThan(10)
    expect(hit).toBeLessThan(26)
  })

  it('refuses to plan a fault for a route that is not there', async () => {
    const github = await startLocalGithub()
    expect(() => github.fail('POST /repos/{owner}/{name}/issues', resetAfterCommit)).toThrow('no route here fits')
  })
})

it('tells how often and how close it was written to, and what was made twice', async () => {
  const clock = createClock()
  clock.stop()
  const github = await startLocalGithub({ now: clock.now })
  const octokit = connect(github)
  for (const title of ['a', 'b']) {
    await octokit.request(`POST ${ISSUES}`, { ...HERE, title, body: 'text\n<!-- task 1 -->' })
    clock.advance(1000)
  }
  expect(github.requests.gapsBetweenWrites()).toEqual([1000])
  expect(github.requests.to(CREATE_ISSUE)[0]?.body).toMatchObject({ title: 'a' })
  expect([...github.duplicates().keys()]).toEqual(['<!-- task 1 -->'])
  github.as('task-bot').close(2, 'duplicate')
  expect(github.duplicates().size).toBe(0)
})
