import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import type { Task } from '#src/core/task.ts'
import type { TaskSync } from '#src/core/task-sync.ts'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'
import type { LocalGithub, LocalGithubOptions } from './local-github/local-github.ts'
import type { Issue } from './local-github/records.ts'
import { startLocalGithub } from './start-local-github.ts'
import { openDatabase } from './sync-database.ts'

export const SECRETS = { secret: 'the new secret', formerSecret: 'the old secret' }

export const LIST_ISSUES = 'GET /repos/{owner}/{repo}/issues'
export const GET_ISSUE = 'GET /repos/{owner}/{repo}/issues/{issue_number}'
export const ADD_LABELS = 'POST /repos/{owner}/{repo}/issues/{issue_number}/labels'
export const REMOVE_LABEL = 'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}'
export const PATCH_ISSUE = 'PATCH /repos/{owner}/{repo}/issues/{issue_number}'

/** As fast as it goes, and without sweeps unless a test wants some: what webhooks alone bring about is seen then. */
const SETTINGS = {
  LOG_LEVEL: 'warn',
  SHUTDOWN_DRAIN_MS: '0',
  GITHUB_WRITE_INTERVAL_MS: '5',
  GITHUB_CREATES_PER_MINUTE: '100000',
  GITHUB_CREATES_PER_HOUR: '100000',
  GITHUB_LOOKUP_DELAYS_MS: '300,600,900',
  GITHUB_RETRY_BASE_MS: '20',
  GITHUB_LEASE_MS: '600',
  GITHUB_SWEEP_INTERVAL_MS: '3600000',
  GITHUB_WEBHOOK_SECRET: SECRETS.secret,
  GITHUB_WEBHOOK_SECRET_PREVIOUS: SECRETS.formerSecret,
}

/** GitHub's instants have whole seconds: later than a second is later for both. */
export const NEWER_MS = 1100

/** Sweeps all the time. */
export const SWEEPING = { GITHUB_SWEEP_INTERVAL_MS: '100' }

export interface HistoryEvent {
  readonly type: string
  readonly actor: string
  readonly changes: Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>
}

/** A task of a service that has GitHub always tells of its sync. */
export type SyncedTask = Task & { readonly sync: TaskSync }

/** Holds within some seconds, or the test fails with the last reason. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 15_000, interval: 20 })

/** The real service beside a GitHub of the test's own, once the first sweep is over. */
export const startSynced = async (env: Record<string, string> = {}, options: LocalGithubOptions = {}) => {
  const github = await startLocalGithub({ webhook: SECRETS, ...options })
  const settings = {
    DATABASE_URL: env.DATABASE_URL ?? (await openDatabase()),
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: github.token,
    GITHUB_REPOSITORY: github.fullName(),
    ...SETTINGS,
    ...env,
  }
  const started = await startProcess(settings, createFolder())
  const service = createCalls(started.url)
  /** Ends the service and starts it anew over the same database, with other settings if given. */
  const restart = async (
    changed: Record<string, string> = {},
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<ReturnType<typeof createCalls>> => {
    await started.end(signal)
    return createCalls((await startProcess({ ...settings, ...changed }, createFolder())).url)
  }
  await eventually(async () =>
    expect((await service.read<{ last_sweep_at: string }>('/github/status')).last_sweep_at).toBeTruthy(),
  )
  return { ...service, github, settings, restart, ...createWaits(service, github) }
}
export type Synced = Awaited<ReturnType<typeof startSynced>>

/** The service's API, as its clients call it. */
export const createCalls = (url: string) => {
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    body === undefined
      ? fetch(url + path, { method, headers })
      : fetch(url + path, { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

  const expected = async <T>(status: number, response: Response): Promise<T> => {
    const text = await response.text()
    expect(response.status, text).toBe(status)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  return {
    url,
    hook: `${url}/github/webhook`,
    send,
    read: async <T>(path: string): Promise<T> => expected<T>(200, await send('GET', path)),
    create: async (draft: object): Promise<SyncedTask> => expected<SyncedTask>(201, await send('POST', '/tasks', draft)),
    get: async (id: string): Promise<SyncedTask> => expected<SyncedTask>(200, await send('GET', `/tasks/${id}`)),
    list: async (): Promise<SyncedTask[]> => expected<SyncedTask[]>(200, await send('GET', '/tasks')),
    put: async (id: string, patch: object): Promise<SyncedTask> =>
      expected<SyncedTask>(200, await send('PUT', `/tasks/${id}`, patch)),
    remove: async (id: string): Promise<void> => expected<void>(204, await send('DELETE', `/tasks/${id}`)),
    history: async (id: string): Promise<HistoryEvent[]> =>
      expected<HistoryEvent[]>(200, await send('GET', `/tasks/${id}/events`)),
    syncNow: async (id: string): Promise<void> => expected<void>(202, await send('POST', `/tasks/${id}/sync`)),
  }
}

/** What a test waits for. */
const createWaits = ({ get, list, hook }: ReturnType<typeof createCalls>, github: LocalGithub) => {
  const linked = (id: string): Promise<SyncedTask> =>
    eventually(async () => {
      const task = await get(id)
      expect(task.sync).toMatchObject({ status: 'linked' })
      return task
    })

  /** Resolves once so many more lists were asked for: a sweep that began after the call has ended by then, but the last. */
  const sweeps = async (count: number): Promise<void> => {
    const before = github.requests.to(LIST_ISSUES).length
    await eventually(() => expect(github.requests.to(LIST_ISSUES).length).toBeGreaterThan(before + count))
  }

  return {
    linked,
    sweeps,

    /** The task once it is equal to its issue, and as it shows what is expected. */
    shown: (id: string, expected: object): Promise<SyncedTask> =>
      eventually(async () => {
        const task = await get(id)
        expect(task).toMatchObject({ ...expected, sync: { status: 'linked' } })
        return task
      }),

    /** The issue once it shows what is expected. */
    issueShown: (number: number, expected: object): Promise<Issue> =>
      eventually(() => {
        const issue = github.issue(number)
        expect(issue && { ...issue, labels: issue.labels.map(({ name }) => name).sort() }).toMatchObject(expected)
        return issue as Issue
      }),

    onlyTask: (expected: object): Promise<SyncedTask> =>
      eventually(async () => {
        const [task, ...others] = await list()
        expect(others).toEqual([])
        expect(task).toMatchObject(expected)
        return task as SyncedTask
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
