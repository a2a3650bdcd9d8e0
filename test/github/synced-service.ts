import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, vi } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import type { LocalGithub, LocalGithubOptions } from './local-github/local-github.ts'
import type { Issue } from './local-github/records.ts'
import { startLocalGithub } from './start-local-github.ts'
import { type Calls, createCalls, SECRET, SECRETS } from './sync-calls.ts'
import { openDatabase } from './sync-database.ts'
import { type Env, syncEnv } from './sync-env.ts'

export const LIST_ISSUES = 'GET /repos/{owner}/{repo}/issues'
export const GET_ISSUE = 'GET /repos/{owner}/{repo}/issues/{issue_number}'
export const ADD_LABELS = 'POST /repos/{owner}/{repo}/issues/{issue_number}/labels'
export const REMOVE_LABEL = 'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}'
export const PATCH_ISSUE = 'PATCH /repos/{owner}/{repo}/issues/{issue_number}'

/**
 * Without sweeps unless a test wants some: what webhooks alone bring about is seen then. An issue is looked for until lists that
 * lag by less than a second show it.
 */
const SETTINGS: Env = {
  GITHUB_CREATE_WAIT_MS: '',
  GITHUB_LOOKUP_DELAYS_MS: '300,600,900',
  GITHUB_SWEEP_INTERVAL_MS: '3600000',
  GITHUB_WEBHOOK_SECRET: SECRETS.secret,
  GITHUB_WEBHOOK_SECRET_PREVIOUS: SECRETS.formerSecret,
}

/** GitHub's instants have whole seconds: later than a second is later for both. */
export const NEWER_MS = 1100

/** Sweeps all the time. */
export const SWEEPING = { GITHUB_SWEEP_INTERVAL_MS: '100' }

/** Holds within some seconds, or the test fails with the last reason. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 15_000, interval: 20 })

export type SyncService = RunningProcess & Calls

/** The real service, started, in sync with the local GitHub. The test fails if it prints or answers a secret. */
export const startSync = async (
  github: LocalGithub,
  databaseUrl: string,
  env: Env = {},
): Promise<SyncService> => {
  const service = await startProcess(syncEnv(github, databaseUrl, env), createFolder())
  onTestFinished(() => expect(service.output()).not.toMatch(SECRET))
  return { ...service, ...createCalls(service.url) }
}

/**
 * Resolves once the first service beside this GitHub has looked for changed issues and for vanished ones, so that none of its
 * lists meets what the test does next.
 */
export const sweptOnce = (github: LocalGithub): Promise<void> =>
  eventually(() => {
    const [changed, vanished] = github.requests.to(LIST_ISSUES)
    expect([changed?.outcome, vanished?.outcome]).toEqual(['answered', 'answered'])
  })

/** The real service beside a GitHub of the test's own, once its first sweep is over. */
export const startSynced = async (env: Env = {}, options: LocalGithubOptions = {}) => {
  const github = await startLocalGithub({ webhook: SECRETS, ...options })
  const databaseUrl = env.DATABASE_URL ?? (await openDatabase())
  const start = (changed: Env = {}): Promise<SyncService> =>
    startSync(github, databaseUrl, { ...SETTINGS, ...env, ...changed })
  const service = await start()
  /** Ends the service and starts it anew over the same database, with other settings if given. */
  const restart = async (
    changed: Env = {},
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<SyncService> => {
    await service.end(signal)
    return start(changed)
  }
  await sweptOnce(github)
  return { ...service, github, restart, ...createWaits(service, github) }
}
export type Synced = Awaited<ReturnType<typeof startSynced>>

/** What a task is expected to be, and the state of its issue. */
export interface Expected extends Partial<Record<keyof Task, unknown>> {
  readonly sync?: object
}

/** The task once it and the state of its issue are as expected, both at the same version. */
export const waitForTask = (
  service: Pick<Calls, 'get' | 'sync'>,
  { id }: Pick<Task, 'id'>,
  { sync, ...fields }: Expected,
): Promise<Task> =>
  eventually(async () => {
    const task = await service.get(id)
    expect(task).toMatchObject(fields)
    if (sync === undefined) return task
    expect(await service.sync(id)).toMatchObject(sync)
    expect((await service.get(id)).version).toBe(task.version)
    return task
  })

/** The task once it has its issue and nothing is wrong with it. */
export const waitUntilLinked = (
  service: Pick<Calls, 'get' | 'sync'>,
  task: Pick<Task, 'id'>,
): Promise<Task> => waitForTask(service, task, { sync: { status: 'linked', error: null } })

/** How the sync stands, by GET /github/status. */
interface SyncState {
  readonly blocked: { readonly code: string; readonly action: string } | null
  readonly paused_until: string | null
  readonly pause_reason: string | null
  readonly last_sweep_at: string | null
}

/** How the sync stands once it stands so. */
export const waitForStatus = (
  { read }: Pick<Calls, 'read'>,
  expected: object,
): Promise<SyncState> =>
  eventually(async () => {
    const state = await read<SyncState>('/github/status')
    expect(state).toMatchObject(expected)
    return state
  })

/** A new task, and how long its answer took, in milliseconds. */
export const timed = async (created: Promise<Task>): Promise<{ task: Task; took: number }> => {
  const began = performance.now()
  return { task: await created, took: performance.now() - began }
}

/** Each task has an issue, none has two, and none is there for no task. */
export const expectOneIssueEach = (github: LocalGithub, tasks: readonly Task[]): void => {
  const issues = github.issues().filter(({ stateReason }) => stateReason !== 'duplicate')
  expect(issues.map(({ id }) => String(id)).sort()).toEqual(
    tasks.map((task) => task.external_reference_id).sort(),
  )
  expect(github.duplicates().size).toBe(0)
}

/** What a test waits for. */
const createWaits = ({ get, sync, list, hook }: Calls, github: LocalGithub) => {
  const linked = (id: string): Promise<Task> =>
    waitForTask({ get, sync }, { id }, { sync: { status: 'linked' } })

  /** Resolves once so many more lists were asked for: a sweep that began after the call has ended by then, but the last. */
  const sweeps = async (count: number): Promise<void> => {
    const before = github.requests.to(LIST_ISSUES).length
    await eventually(() =>
      expect(github.requests.to(LIST_ISSUES).length).toBeGreaterThan(before + count),
    )
  }

  return {
    linked,
    sweeps,

    /** The task once it is equal to its issue, and as it shows what is expected. */
    shown: (id: string, expected: Expected): Promise<Task> =>
      waitForTask(
        { get, sync },
        { id },
        { ...expected, sync: { status: 'linked', ...expected.sync } },
      ),

    /** The issue once it shows what is expected. */
    issueShown: (number: number, expected: object): Promise<Issue> =>
      eventually(() => {
        const issue = github.issue(number)
        expect(
          issue && { ...issue, labels: issue.labels.map(({ name }) => name).sort() },
        ).toMatchObject(expected)
        return issue as Issue
      }),

    onlyTask: (expected: object): Promise<Task> =>
      eventually(async () => {
        const [task, ...others] = await list()
        expect(others).toEqual([])
        expect(task).toMatchObject(expected)
        return task as Task
      }),

    /** Posts the deliveries that wait, each of which must be taken, and resolves once the service has followed them. */
    async deliver(options: Parameters<LocalGithub['deliveries']['send']>[1] = {}): Promise<void> {
      const answers = await github.deliveries.send(hook, options)
      expect(answers.filter(({ status }) => status !== 202)).toEqual([])
      await followed()
    },

    /** What is written at GitHub while `work` is done and for three sweeps thereafter. */
    async writesDuring(work: () => Promise<unknown>): Promise<string[]> {
      const before = github.requests.writes().length
      await work()
      await sweeps(3)
      return github.requests
        .writes()
        .slice(before)
        .map(({ method, path, body }) => `${method} ${path} ${JSON.stringify(body)}`)
    },
  }

  /** Nothing tells that a delivery was followed, but a service that follows one asks GitHub about it at once. */
  async function followed(): Promise<void> {
    await eventually(async () => {
      const before = github.requests.all().length
      await sleep(120)
      expect(github.requests.all().length).toBe(before)
    })
  }
}
