import { expect, onTestFinished } from 'vitest'
import type { Task } from '#src/core/task.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, startProcess } from '../start-process.ts'
import type { LocalGithub } from './local-github/local-github.ts'
import { type Env, syncEnv } from './sync-env.ts'

/** What a token, a key or a secret of these tests looks like: it is printed and answered nowhere. */
const SECRET = /github_pat_|ghs_|PRIVATE KEY|MII[\w+/]{20}|eyJ\w{20}|hook-secret/

/** The real service, built and started, in sync with the local GitHub. The test fails if it prints a secret. */
export const startSync = async (github: LocalGithub, databaseUrl: string, env: Env = {}): Promise<RunningProcess> => {
  const service = await startProcess(syncEnv(github, databaseUrl, env), createFolder())
  onTestFinished(() => expect(service.output()).not.toMatch(SECRET))
  return service
}

export interface Answer<T> {
  readonly status: number
  readonly body: T
  /** How long it took, in milliseconds. */
  readonly took: number
}

/** Asks the service; a body is sent as JSON. */
export const ask = async <T = unknown>(
  { url }: Pick<RunningProcess, 'url'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer<T>> => {
  const began = performance.now()
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await fetch(`${url}${path}`, { method, ...json })
  const text = await response.text()
  expect(text).not.toMatch(SECRET)
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T, took: performance.now() - began }
}

/** Creates a task: it is there, whatever GitHub says. */
export const create = async (service: RunningProcess, title: string, fields: object = {}): Promise<Task> => {
  const { status, body } = await ask<Task>(service, 'POST', '/tasks', { title, ...fields })
  expect(status).toBe(201)
  return body
}

export const get = async (service: RunningProcess, { id }: Pick<Task, 'id'>): Promise<Task> =>
  (await ask<Task>(service, 'GET', `/tasks/${id}`)).body

/** How long something may take that is to come about by itself. */
const PATIENCE = { timeout: 12_000, interval: 25 }

/** Waits until a task looks so, and resolves with it. */
export const becomes = async (service: RunningProcess, task: Pick<Task, 'id'>, expected: object): Promise<Task> => {
  await expect.poll(() => get(service, task), PATIENCE).toMatchObject(expected)
  return get(service, task)
}

export const becomesLinked = (service: RunningProcess, task: Pick<Task, 'id'>): Promise<Task> =>
  becomes(service, task, { sync: { status: 'linked', error: null } })

/** How the sync stands, by GET /github/status. */
export interface SyncState {
  readonly blocked: { readonly code: string; readonly action: string } | null
  readonly paused_until: string | null
  readonly pause_reason: string | null
  readonly last_sweep_at: string | null
}

export const syncState = async (service: RunningProcess): Promise<SyncState> =>
  (await ask<SyncState>(service, 'GET', '/github/status')).body

/** Waits until the sync stands so, and resolves with how it does. */
export const stands = async (service: RunningProcess, expected: object): Promise<SyncState> => {
  await expect.poll(() => syncState(service), PATIENCE).toMatchObject(expected)
  return syncState(service)
}

/** Waits until something holds. */
export const eventually = (ask: () => unknown, expected: unknown): Promise<void> => expect.poll(ask, PATIENCE).toEqual(expected)

/** Each task has an issue, none has two, and none is there for no task. */
export const expectOneIssueEach = (github: LocalGithub, tasks: readonly Task[]): void => {
  const issues = github.issues().filter(({ stateReason }) => stateReason !== 'duplicate')
  expect(issues.map(({ id }) => String(id)).sort()).toEqual(tasks.map((task) => task.external_reference_id).sort())
  expect(github.duplicates().size).toBe(0)
}
