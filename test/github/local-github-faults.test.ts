import { describe, expect, it, vi } from 'vitest'
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
import { CREATE_ISSUE } from './local-github/routes.ts'
import { connect, HERE, ISSUE, ISSUES, post, refusalOf } from './octokit.ts'
import { startLocalGithub } from './start-local-github.ts'

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

  it.each(['reset', 504, 'wait'] as const)(
    'lateCommit: it is done after the client knew (%s)',
    async (answer) => {
      const github = await startLocalGithub()
      github.fail(CREATE_ISSUE, lateCommit(150, answer))
      const signal = AbortSignal.timeout(50)
      const work = connect(github).request(`POST ${ISSUES}`, {
        ...HERE,
        title: 'x',
        request: { signal, redirect: 'manual' },
      })
      await expect(work).rejects.toThrow()
      expect(github.issues()).toEqual([])
      await vi.waitFor(() => expect(github.issues()).toHaveLength(1))
    },
  )

  it('slow, and what others do meanwhile and afterwards', async () => {
    const github = await startLocalGithub()
    const alice = github.as('alice')
    alice.open({ title: 'x', labels: ['a'] })
    const patch = `PATCH ${ISSUE}`
    const change = (labels: string[]) =>
      connect(github).request(`PATCH ${ISSUE}`, { ...HERE, issue_number: 1, labels })
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
    expect(Number(error.response.headers['x-ratelimit-reset'])).toBeCloseTo(
      (clock.now() + 120_000) / 1000,
      -1,
    )
    expect((await refusalOf(connect(github).request('GET /user'))).status).toBe(403)
    await connect(github, 'other').request('GET /user')
    clock.advance(121_000)
    await post(connect(github))
    expect(github.requests.all().map(({ refused }) => refused)).toEqual([
      'primary',
      'primary',
      undefined,
      undefined,
    ])
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
    expect(headers).toMatchObject({
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-used': '1',
    })
    await connect(github).request('GET /user')
    expect((await refusalOf(connect(github).request('GET /user'))).status).toBe(403)
    await connect(github).request('GET /rate_limit')
  })

  it('a lagging list and a lagging read, which show what was', async () => {
    const clock = createClock()
    clock.stop()
    const github = await startLocalGithub({ now: clock.now })
    const octokit = connect(github)
    const titles = async () =>
      (await octokit.request(`GET ${ISSUES}`, HERE)).data.map(({ title }) => title)
    github.lag({ lists: 5000, reads: 1000 })
    await post(octokit, 'new')
    expect(await titles()).toEqual([])
    expect(
      (await refusalOf(octokit.request(`GET ${ISSUE}`, { ...HERE, issue_number: 1 }))).status,
    ).toBe(404)
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
    expect(() => github.fail('POST /repos/{owner}/{name}/issues', resetAfterCommit)).toThrow(
      'no route here fits',
    )
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
