import { setTimeout as sleep } from 'node:timers/promises'
import type { GithubStatus } from '#src/github/github-status.ts'
import type { Task } from '#src/task/task.ts'
import { type CrashFigures, type TaskHistory, toFigures } from './crash-figures.ts'
import { type CrashableService, startCrashableService } from './crashable-service.ts'
import * as faults from './local-github/faults.ts'
import { type LocalGithub, openLocalGithub } from './local-github/local-github.ts'
import { createRandom } from './local-github/random.ts'
import type { HistoryEvent } from './sync-calls.ts'
import { syncEnv } from './sync-env.ts'

export interface CrashOptions {
  readonly tasks: number
  /** From 0 to 1: how many of the calls to GitHub go wrong. */
  readonly faultRate: number
  /** How long the service runs on average before it is killed. */
  readonly killEveryMs: number
  readonly seed: number
  /** A database without tasks. */
  readonly databaseUrl: string
  readonly folder: string
  /** After so long it has failed. */
  readonly patienceMs: number
  /** Told now and then how far it is. */
  readonly tell?: (line: string) => void
}

export interface CrashRun extends CrashFigures {
  readonly seconds: number
  readonly kills: number
  readonly faultRate: number
  /** What the service wrote to its log at `warn` and above. */
  readonly warnings: readonly string[]
}

/** The latest that something is done at this GitHub after it was asked for: later than some of the looks for it. */
const LATEST_COMMIT_MS = 900

/** What may befall a call, alike likely. */
const FAILURES = [
  faults.resetBeforeCommit,
  faults.resetAfterCommit,
  faults.errorBeforeCommit(500),
  faults.errorBeforeCommit(503),
  faults.errorAfterCommit(502),
  faults.errorAfterCommit(503),
  faults.hang({ ms: LATEST_COMMIT_MS, commit: 'before' }),
  faults.hang({ ms: LATEST_COMMIT_MS, commit: 'never' }),
  faults.lateCommit(200, 'reset'),
  faults.lateCommit(600),
  faults.lateCommit(LATEST_COMMIT_MS, 502),
]

/** A limit stops everything for a second, so it is half as likely as each of the others. */
const FAULTS = [...FAILURES, ...FAILURES, faults.secondaryLimit({ seconds: 1 })]

/** Lists show the state of so long ago. */
const LIST_LAG_MS = 300

const ENV = {
  GITHUB_REQUEST_TIMEOUT_MS: '300',
  GITHUB_LOOKUP_DELAYS_MS: '100,400,1500',
  GITHUB_SWEEP_INTERVAL_MS: '1000',
  GITHUB_LEASE_MS: '300',
}

/**
 * Makes tasks, and edits some, while calls to GitHub go wrong and the service is killed again and again. Once each task has an
 * issue all calms down, what is still under way comes to its end, and the figures are taken.
 */
export const runCrashes = async (options: CrashOptions): Promise<CrashRun> => {
  const began = Date.now()
  const deadline = AbortSignal.timeout(options.patienceMs)
  const github = await openLocalGithub()
  const service = startCrashableService(
    syncEnv(github, options.databaseUrl, ENV),
    options.folder,
    deadline,
  )
  let stopKilling = async (): Promise<void> => {}
  try {
    if ((await service.ask<Task[]>('GET', '/tasks')).length > 0)
      throw new Error('the database holds tasks already')
    github.fail('*', FAULTS, { probability: options.faultRate, seed: options.seed })
    github.lag({ lists: LIST_LAG_MS })
    stopKilling = startKilling(service, options)
    await makeTasks(service, options)
    await until(() => areLinked(service, options), deadline)
    await stopKilling()
    const faultRate = rateOf(github)
    await calmDown(github, service, deadline)
    const histories = await readHistories(service)
    const seconds = Math.round((Date.now() - began) / 1000)
    return {
      ...toFigures(github, histories),
      seconds,
      kills: service.kills(),
      faultRate,
      warnings: service.warnings(),
    }
  } finally {
    await stopKilling()
    await service.stop()
    await github.close()
  }
}

/** One kill of so many hits the service while it starts. */
const EARLY = 0.2

/** Kills at random, after so long on average that it runs. Returns what ends it. */
const startKilling = (
  service: CrashableService,
  { killEveryMs, seed }: CrashOptions,
): (() => Promise<void>) => {
  const random = createRandom(seed + 1)
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const isEarly = random() < EARLY
      if (!isEarly) await service.listening()
      await sleep((isEarly ? 0.5 : 2) * random() * killEveryMs, undefined, { signal })
      await service.kill()
    }
  }
  const running = run().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  return async () => {
    stopping.abort()
    await running
  }
}

/** Tasks one after the other, of which every third is edited some time later. */
const makeTasks = async (
  service: CrashableService,
  { tasks: count, seed, tell }: CrashOptions,
): Promise<void> => {
  const random = createRandom(seed + 2)
  const ids: string[] = []
  for (let index = 0; index < count; index += 1) {
    const { id } = await service.ask<Task>(
      'POST',
      '/tasks',
      { title: `task ${index}` },
      { 'idempotency-key': `key-${index}` },
    )
    ids.push(id)
    const earlier = index - 5
    if (earlier >= 0 && earlier % 3 === 0)
      await service.ask('PATCH', `/tasks/${ids[earlier]}`, { title: `task ${earlier}, edited` })
    if (ids.length % 20 === 0)
      tell?.(`${ids.length} of ${count} tasks made after ${service.kills()} kills`)
    await sleep(random() * 150)
  }
}

const areLinked = async (
  service: CrashableService,
  { tell }: Pick<CrashOptions, 'tell'>,
): Promise<boolean> => {
  const tasks = await service.ask<Task[]>('GET', '/tasks')
  const status = await service.ask<GithubStatus>('GET', '/github/status')
  const linked = status.jobs['linked'] ?? 0
  tell?.(`${linked} of ${tasks.length} tasks linked after ${service.kills()} kills`)
  return linked === tasks.length
}

const readHistories = async (service: CrashableService): Promise<TaskHistory[]> => {
  const histories: TaskHistory[] = []
  for (const task of await service.ask<Task[]>('GET', '/tasks')) {
    const events = await service.ask<HistoryEvent[]>('GET', `/tasks/${task.id}/events`)
    histories.push({ task, events })
  }
  return histories
}

const until = async (holds: () => Promise<boolean>, signal: AbortSignal): Promise<void> => {
  while (!(await holds())) await sleep(500, undefined, { signal })
}

/** How many of the calls something befell. */
const rateOf = (github: LocalGithub): number => {
  const requests = github.requests.all()
  return requests.filter(({ fault }) => fault !== undefined).length / requests.length
}

/** Nothing goes wrong any more: what was done late has been, every issue has been looked at since, and every task is linked. */
const calmDown = async (
  github: LocalGithub,
  service: CrashableService,
  deadline: AbortSignal,
): Promise<void> => {
  github.stopFaults()
  github.lag({})
  const calmAt = Date.now() + LATEST_COMMIT_MS + 2 * Number(ENV.GITHUB_SWEEP_INTERVAL_MS)
  await until(async () => {
    const { last_sweep_at } = await service.ask<{ last_sweep_at: string | null }>(
      'GET',
      '/github/status',
    )
    return Date.parse(last_sweep_at ?? '') > calmAt && areLinked(service, {})
  }, deadline)
}
