import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { hang, slow } from './local-github/faults.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'
import {
  eventually,
  expectOneIssueEach,
  type SyncService,
  startSync,
  waitUntilLinked,
} from './synced-service.ts'

const [FIRST, SECOND] = ['github_pat_first', 'github_pat_second']

/** A GitHub that one and the same user has two tokens for: which service asked is told by the token. */
const startGithub = async (): Promise<LocalGithub> => {
  const github = await startLocalGithub()
  for (const token of [FIRST, SECOND]) github.addToken(token, github.login)
  return github
}

/** Whose calls they were, each change of it named once. */
const callers = (github: LocalGithub): string[] => {
  const tokens = github.requests
    .all()
    .map(({ headers }) => String(headers.authorization).replace(/^\w+ github_pat_/, ''))
  return tokens.filter((token, index) => token !== tokens[index - 1])
}

/** Long enough that a busy machine renews it in time. */
const LEASE_MS = 2000

/** Two services over one database. The first holds the lease. */
const startTwo = async (
  github: LocalGithub,
  url: string,
  env: Record<string, string> = { GITHUB_LEASE_MS: String(LEASE_MS) },
): Promise<readonly [SyncService, SyncService]> => {
  const first = await startSync(github, url, { ...env, GITHUB_TOKEN: FIRST })
  await waitUntilLinked(first, await first.create({ title: 'the first has the lease' }))
  return [first, await startSync(github, url, { ...env, GITHUB_TOKEN: SECOND })]
}

const createMany = (service: SyncService, count: number): Promise<Task[]> =>
  Promise.all(
    Array.from({ length: count }, (_, index) => service.create({ title: `task ${index}` })),
  )

const allLinked = async (service: SyncService, tasks: readonly Task[]): Promise<void> => {
  for (const task of tasks) await waitUntilLinked(service, task)
}

const expectAllIn = async (github: LocalGithub, service: SyncService): Promise<void> => {
  expectOneIssueEach(github, await service.list())
}

/** What holds for any database: whoever stops leaves all in order, whoever is killed is followed. */
describe('the one that talks to GitHub', () => {
  it('SIGTERM while posting: the answer is waited for and kept, and nothing is left to look for', async () => {
    const github = await startLocalGithub()
    const url = await openDatabase()
    let service = await startSync(github, url, {
      GITHUB_LEASE_MS: '60000',
      GITHUB_REQUEST_TIMEOUT_MS: '5000',
    })
    const posting = github.fail(CREATE_ISSUE, slow(600))
    const [task, later] = await createMany(service, 2)
    await eventually(() => expect(posting.hits()).toBe(1))
    expect(await service.end('SIGTERM')).toBe(0)
    service = await startSync(github, url, { GITHUB_LOOKUP_DELAYS_MS: '60000,60000,60000' })
    for (const each of [task, later]) await waitUntilLinked(service, each as Task)
    await expectAllIn(github, service)
    expect(github.requests.to(CREATE_ISSUE)).toHaveLength(2)
  })

  it('SIGTERM while posting: the answer is waited for while requests may still come, and no create waits for an issue then', async () => {
    const github = await startLocalGithub()
    const env = {
      GITHUB_REQUEST_TIMEOUT_MS: '10000',
      SHUTDOWN_DRAIN_MS: '1500',
      GITHUB_CREATE_WAIT_MS: '20000',
    }
    const service = await startSync(github, await openDatabase(), env)
    const posting = github.fail(CREATE_ISSUE, slow(1500))
    const creating = createMany(service, 2)
    await eventually(() => expect(posting.hits()).toBe(1))
    const began = performance.now()
    expect(await service.end('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(2700)
    await creating
    expect(github.issues()).toHaveLength(1)
  })

  it('a holder that was halted again and again, longer than its lease, goes on', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), {
      GITHUB_LEASE_MS: '100',
      GITHUB_SWEEP_INTERVAL_MS: '10',
    })
    const hanging = github.fail('GET *', hang(), { times: 1000 })
    await eventually(() => expect(hanging.hits()).toBeGreaterThan(0))
    for (let halt = 0; halt < 20; halt += 1) {
      service.child.kill('SIGSTOP')
      await sleep(120)
      service.child.kill('SIGCONT')
      await sleep(30 + halt)
    }
    hanging.stop()
    expectOneIssueEach(github, [
      await waitUntilLinked(service, await service.create({ title: 'after' })),
    ])
    expect(service.output()).not.toContain('failed')
  })

  it('SIGTERM while it reads: it does not wait for the answer', async () => {
    const github = await startLocalGithub()
    const service = await startSync(github, await openDatabase(), {
      GITHUB_REQUEST_TIMEOUT_MS: '20000',
    })
    const hanging = github.fail('GET *', hang(), { times: 1000 })
    await eventually(() => expect(hanging.hits()).toBe(1))
    const began = performance.now()
    expect(await service.end('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(4000)
  })
})

/** Of several processes over one database, where it takes several, one at a time talks to GitHub. */
describe.runIf(process.env.TEST_DATABASE === 'mongodb')(
  'several services over one database',
  () => {
    it('two services, one holder: only one talks to GitHub; after kill -9 the other does', async () => {
      const github = await startGithub()
      const [first, second] = await startTwo(github, await openDatabase())
      const tasks = await Promise.all([createMany(first, 5), createMany(second, 5)])
      await allLinked(second, tasks.flat())
      await sleep(1.5 * LEASE_MS) // Whoever wants the lease had every chance to take it.
      expect(callers(github)).toEqual(['first'])
      const later = await createMany(second, 5)
      await first.end('SIGKILL')
      await allLinked(second, later)
      expect(callers(github)).toEqual(['first', 'second'])
      await expectAllIn(github, second)
    })

    it('gives the lease back on SIGTERM', async () => {
      const github = await startGithub()
      const [first, second] = await startTwo(github, await openDatabase(), {
        GITHUB_LEASE_MS: '60000',
      })
      await first.end('SIGTERM')
      await waitUntilLinked(second, await second.create({ title: 'after' }))
      expect(callers(github)).toEqual(['first', 'second'])
    })

    it('a holder that is halted while it posts, and goes on later, makes no second issue and undoes nothing', async () => {
      const github = await startGithub()
      const [first, second] = await startTwo(github, await openDatabase())
      let isTaken = false
      github.fail(CREATE_ISSUE, {
        name: 'halted',
        async happen({ commit, send, wait }) {
          first.child.kill('SIGSTOP')
          const answer = commit()
          while (callers(github).at(-1) === 'first') await wait(20)
          send(answer)
          isTaken = true
        },
      })
      const task = await second.create({ title: 'once' })
      await eventually(() => expect(isTaken).toBe(true))
      await waitUntilLinked(second, task)
      first.child.kill('SIGCONT')
      const next = await waitUntilLinked(first, await first.create({ title: 'next' }))
      await sleep(1.5 * LEASE_MS)
      expect(await second.get(next.id)).toEqual(next)
      expect(callers(github)).toEqual(['first', 'second'])
      expect(github.issues()).toHaveLength(3)
      await expectAllIn(github, second)
    })
  },
)
