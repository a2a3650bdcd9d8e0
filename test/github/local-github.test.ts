import { describe, expect, it } from 'vitest'
import { operations } from './local-github/api-description.ts'
import { ROUTES } from './local-github/routes.ts'
import { connect, HERE, ISSUE, ISSUES, refusalOf } from './octokit.ts'
import { startLocalGithub, takeViolations } from './start-local-github.ts'

describe('what it serves', () => {
  it('is all that was cut out of the description', () => {
    expect(operations.map(({ route }) => route).sort()).toEqual(Object.keys(ROUTES).sort())
  })

  it('lets a real Octokit create, read, change and close an issue', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const { data: made } = await octokit.request(`POST ${ISSUES}`, {
      ...HERE,
      title: 'One',
      body: 'text',
      labels: ['x'],
    })
    expect(made).toMatchObject({
      number: 1,
      title: 'One',
      state: 'open',
      user: { login: 'task-bot' },
      labels: [{ name: 'x' }],
    })
    expect(made.id).toBeGreaterThan(2 ** 31)
    expect(made.created_at).toMatch(/T\d\d:\d\d:\d\dZ$/)
    const place = { ...HERE, issue_number: 1 }
    await octokit.request(`PATCH ${ISSUE}`, {
      ...place,
      title: 'Two',
      state: 'closed',
      state_reason: 'not_planned',
    })
    const { data } = await octokit.request(`GET ${ISSUE}`, place)
    expect(data).toMatchObject({
      title: 'Two',
      body: 'text',
      state: 'closed',
      state_reason: 'not_planned',
    })
    expect(data.closed_by).toMatchObject({ login: 'task-bot' })
    await octokit.request(`PATCH ${ISSUE}`, { ...place, state: 'open' })
    expect(github.issue(1)).toMatchObject({
      state: 'open',
      stateReason: 'reopened',
      closedAt: null,
    })
  })

  it('pages, filters and sorts a list, with links that can be followed', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const alice = github.as('alice')
    for (const title of ['a', 'b', 'c', 'd', 'e'])
      alice.open({ title, labels: title === 'c' ? ['Odd'] : [] })
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
    const again = octokit.request(`GET ${ISSUES}`, {
      ...HERE,
      headers: { 'if-none-match': headers.etag },
    })
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
    expect(
      (
        await refusalOf(
          octokit.request(`DELETE ${ISSUE}/labels/{name}`, { ...place, name: 'gone' }),
        )
      ).status,
    ).toBe(404)
    await octokit.request(`PUT ${ISSUE}/labels`, { ...place, labels: ['only'] })
    expect(github.issue(1)?.labels.map(({ name }) => name)).toEqual(['only'])
    await octokit.request(`DELETE ${ISSUE}/labels`, place)
    expect(github.issue(1)?.labels).toEqual([])
    await octokit.request('POST /repos/{owner}/{repo}/labels', {
      ...HERE,
      name: 'new',
      color: 'ff0000',
    })
    const twice = await refusalOf(
      octokit.request('POST /repos/{owner}/{repo}/labels', { ...HERE, name: 'NEW' }),
    )
    expect(twice).toMatchObject({ status: 422, body: { errors: [{ code: 'already_exists' }] } })
    await octokit.request('GET /repos/{owner}/{repo}/labels', HERE)
    await octokit.request('GET /repos/{owner}/{repo}/labels/{name}', { ...HERE, name: 'new' })
    await octokit.request(`GET ${ISSUE}/labels`, place)
  })

  it('reads paths as GitHub does: dot segments are resolved, a trailing slash means nothing', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const remove = (name: string) =>
      octokit.request(`DELETE ${ISSUE}/labels/{name}`, { ...HERE, issue_number: 1, name })
    github.as('alice').open({ title: 'x', labels: ['.', '%2e', 'a/b', 'kept'] })
    await remove('%2e')
    await remove('a/b')
    expect(github.issue(1)?.labels.map(({ name }) => name)).toEqual(['.', 'kept'])
    await remove('.')
    expect(github.issue(1)?.labels).toEqual([])
    expect((await refusalOf(remove('..'))).status).toBe(404)
    expect(takeViolations(github)).toEqual([
      expect.stringContaining('DELETE /repos/acme/tasks/issues/1/:'),
    ])
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
    const close = {
      state: 'closed',
      state_reason: 'duplicate',
      duplicate_issue_id: one.id,
    } as const
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
    [
      'what is not modelled',
      { title: 'x', milestone: 1 },
      '"milestone" is real, but not modelled here.',
    ],
  ])('%s: 422 and a violation', async (_, body, problem) => {
    const github = await startLocalGithub()
    const { status } = await refusalOf(
      connect(github).request(`POST ${ISSUES}`, { ...HERE, ...body } as never),
    )
    expect(status).toBe(422)
    expect(takeViolations(github)).toEqual([`POST ${ISSUES}: ${problem}`])
    expect(github.issues()).toEqual([])
  })

  it('a wrong state, an unknown query and an unknown path', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    github.as('alice').open({ title: 'x' })
    const place = { ...HERE, issue_number: 1 }
    expect(
      (await refusalOf(octokit.request(`PATCH ${ISSUE}`, { ...place, state: 'done' } as never)))
        .status,
    ).toBe(422)
    expect(
      (await refusalOf(octokit.request(`GET ${ISSUES}`, { ...HERE, sorted: 'x' }))).status,
    ).toBe(422)
    expect(
      (await refusalOf(octokit.request('GET /repos/{owner}/{repo}/milestones', HERE))).status,
    ).toBe(404)
    expect(takeViolations(github)).toHaveLength(3)
  })

  it('texts that are too long, by characters, without calling it a violation', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    await octokit.request(`POST ${ISSUES}`, {
      ...HERE,
      title: '😀'.repeat(256),
      body: 'b'.repeat(65_536),
    })
    const title = await refusalOf(
      octokit.request(`POST ${ISSUES}`, { ...HERE, title: 't'.repeat(257) }),
    )
    expect(title).toMatchObject({ status: 422, body: { errors: [{ field: 'title' }] } })
    const body = await refusalOf(
      octokit.request(`POST ${ISSUES}`, { ...HERE, title: 't', body: 'b'.repeat(65_537) }),
    )
    expect(body).toMatchObject({ status: 422, body: { errors: [{ field: 'body' }] } })
  })

  it('those without rights, each in its way', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    github.as('alice').open({ title: 'hers' })
    const place = { ...HERE, issue_number: 1 }
    github.setRights('pull')
    const { data } = await octokit.request(`POST ${ISSUES}`, {
      ...HERE,
      title: 'x',
      labels: ['dropped'],
    })
    expect(data.labels).toEqual([])
    expect(
      (await refusalOf(octokit.request(`PATCH ${ISSUE}`, { ...place, title: 'mine' }))).status,
    ).toBe(403)
    github.setRights('read')
    expect(
      (await refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x' }))).status,
    ).toBe(403)
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
    const get = (issue_number: number) =>
      refusalOf(octokit.request(`GET ${ISSUE}`, { ...HERE, issue_number }))
    expect(await get(1)).toMatchObject({ status: 410, body: { message: 'This issue was deleted' } })
    expect(await get(2)).toMatchObject({
      status: 301,
      body: { url: `${github.url}/repositories/${other.id}/issues/1` },
    })
    expect((await get(9)).status).toBe(404)
    github.disableIssues()
    expect(
      (await refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'x' }))).status,
    ).toBe(410)
    github.enableIssues()
    github.delete()
    expect((await get(3)).status).toBe(404)
  })

  it('writes to an archived repository, which can still be read', async () => {
    const github = await startLocalGithub()
    const octokit = connect(github)
    const place = { ...HERE, issue_number: 1 }
    github.as('alice').open({ title: 'a', labels: ['x'] })
    github.archive()
    const refusals = [
      refusalOf(octokit.request(`POST ${ISSUES}`, { ...HERE, title: 'b' })),
      refusalOf(octokit.request(`PATCH ${ISSUE}`, { ...place, title: 'b' })),
      refusalOf(octokit.request(`POST ${ISSUE}/labels`, { ...place, labels: ['y'] })),
      refusalOf(octokit.request(`DELETE ${ISSUE}/labels/{name}`, { ...place, name: 'x' })),
    ]
    const body = { message: 'Repository was archived so is read-only.' }
    for (const refusal of refusals) expect(await refusal).toMatchObject({ status: 403, body })
    const archived = async () =>
      (await octokit.request('GET /repos/{owner}/{repo}', HERE)).data.archived
    expect([await archived(), (await octokit.request(`GET ${ISSUE}`, place)).status]).toEqual([
      true,
      200,
    ])
    github.unarchive()
    expect(await archived()).toBe(false)
    await octokit.request(`PATCH ${ISSUE}`, { ...place, title: 'b' })
    expect(github.issue(1)?.title).toBe('b')
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
    const { data } = await octokit.request('POST /repositories/{id}/issues', {
      id: github.id,
      title: 'x',
    })
    expect(data.url).toBe(`${github.url}/repos/umbrella/chores/issues/1`)
  })
})
