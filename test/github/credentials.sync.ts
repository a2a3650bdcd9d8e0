import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { errorBeforeCommit, hang, resetAfterCommit } from './local-github/faults.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'
import {
  expectOneIssueEach,
  startSync,
  sweptOnce,
  waitForTask,
  waitUntilLinked,
} from './synced-service.ts'

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const pem = (type: 'pkcs1' | 'pkcs8'): string =>
  keys.privateKey.export({ type, format: 'pem' }).toString()
const APP = { id: 77, slug: 'task-sync', installationId: 4711, publicKey }
const TOKEN_CALL = 'POST /app/installations/{installation_id}/access_tokens'

const asApp = (privateKey: string) => ({
  GITHUB_TOKEN: '',
  GITHUB_APP_ID: String(APP.id),
  GITHUB_APP_PRIVATE_KEY: privateKey,
  GITHUB_APP_INSTALLATION_ID: String(APP.installationId),
})

/** How we are known at GitHub, and where the repository is. */
describe('a token or an app', () => {
  it('opens issues as the owner of the token', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase())
    expectOneIssueEach(github, [
      await waitUntilLinked(service, await service.create({ title: 'by a token' })),
    ])
    expect(github.issue(1)?.author.login).toBe(github.login)
  })

  const forms: readonly (readonly [string, string])[] = [
    ['PKCS#1', pem('pkcs1')],
    ['PKCS#8', pem('pkcs8')],
    ['PKCS#8, its line breaks written as \\n', pem('pkcs8').replaceAll('\n', '\\n')],
  ]
  it.each(forms)(
    'opens issues as an app with a key in %s, and asks for one token',
    async (_, key) => {
      const github = await startLocalGithub({ app: APP })
      const service = await startSync(github, await openDatabase(), asApp(key))
      const tasks = [await service.create({ title: 'one' }), await service.create({ title: 'two' })]
      for (const [index, task] of tasks.entries())
        tasks[index] = await waitUntilLinked(service, task)
      expectOneIssueEach(github, tasks)
      expect(github.issue(1)?.author.login).toBe('task-sync[bot]')
      expect(github.requests.to(TOKEN_CALL)).toHaveLength(1)
    },
  )

  it.each([
    ['fails', errorBeforeCommit(503)],
    ['hangs', hang({ ms: 300, commit: 'never' })],
  ])(
    'an app whose token call %s opens nothing that would have to be looked for',
    async (_, fault) => {
      const github = await startLocalGithub({ app: APP })
      const url = await openDatabase()
      let service = await startSync(github, url, asApp(pem('pkcs8')))
      const before = await waitUntilLinked(service, await service.create({ title: 'before' }))
      await service.end('SIGTERM')
      const failing = github.fail(TOKEN_CALL, fault, { times: 1000 })
      service = await startSync(github, url, asApp(pem('pkcs8')))
      const task = await service.create({ title: 'meanwhile' })
      await waitForTask(service, task, {
        sync: { status: 'pending', error: { code: 'unavailable' } },
      })
      failing.stop()
      expectOneIssueEach(github, [before, await waitUntilLinked(service, task)])
      expect(github.requests.to(CREATE_ISSUE)).toHaveLength(2)
    },
  )

  it('finds an issue of its own that it was not told of, as an app', async () => {
    const github = await startLocalGithub({ app: APP })
    const service = await startSync(github, await openDatabase(), asApp(pem('pkcs1')))
    await waitUntilLinked(service, await service.create({ title: 'before' }))
    github.fail(CREATE_ISSUE, resetAfterCommit)
    await waitUntilLinked(service, await service.create({ title: 'once' }))
    expect(github.issues()).toHaveLength(2)
  })

  it('an issue that may have been opened is looked for as whoever it was opened by', async () => {
    const github = await startLocalGithub({ app: APP })
    const url = await openDatabase()
    let service = await startSync(github, url, {
      GITHUB_LOOKUP_DELAYS_MS: '1000,1500,2000',
      GITHUB_SWEEP_INTERVAL_MS: '60000',
    })
    await sweptOnce(github)
    github.fail(CREATE_ISSUE, resetAfterCommit)
    const task = await service.create({ title: 'once' })
    await waitForTask(service, task, { sync: { status: 'unconfirmed' } })
    await service.end('SIGTERM')
    service = await startSync(github, url, asApp(pem('pkcs8')))
    expectOneIssueEach(github, [await waitUntilLinked(service, task)])
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(1)
  })

  it.each([
    ['renamed', (github: LocalGithub) => github.rename('chores')],
    ['given to another owner', (github: LocalGithub) => github.transfer('acme-two')],
  ])('a repository that was %s: 307 at create, one issue there', async (_, move) => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    let service = await startSync(github, url, { GITHUB_SWEEP_INTERVAL_MS: '60000' })
    const formerName = github.fullName()
    const before = await waitUntilLinked(service, await service.create({ title: 'before' }))
    await sweptOnce(github) // So that it is the POST which comes upon the move.
    move(github)
    const task = await waitUntilLinked(service, await service.create({ title: 'moved' }))
    expectOneIssueEach(github, [before, task])
    expect(github.requests.to(CREATE_ISSUE).map(({ status }) => status)).toEqual([201, 307, 201])
    expect(task.external_url).toContain(github.fullName())
    await service.end('SIGTERM')
    service = await startSync(github, url, { GITHUB_REPOSITORY: formerName })
    expectOneIssueEach(github, [
      before,
      task,
      await waitUntilLinked(service, await service.create({ title: 'later' })),
    ])
    expect(github.requests.to(CREATE_ISSUE).map(({ status }) => status)).toEqual([
      201, 307, 201, 201,
    ])
  })
})

it('an app whose token is revoked asks for another one by itself', async () => {
  const github = await startLocalGithub({ app: APP })
  const service = await startSync(github, await openDatabase(), asApp(pem('pkcs8')))
  const before = await waitUntilLinked(service, await service.create({ title: 'before' }))
  const token = String(github.requests.to(CREATE_ISSUE).at(-1)?.headers.authorization).replace(
    /^\w+ /,
    '',
  )
  github.revokeToken(token)
  expectOneIssueEach(github, [
    before,
    await waitUntilLinked(service, await service.create({ title: 'after' })),
  ])
})
