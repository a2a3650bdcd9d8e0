import { Gauge, type Registry } from 'prom-client'
import type { GithubStatus } from './github-status.ts'
import { SYNC_STATUSES } from './issue/task-sync.ts'

/** What is measured of the GitHub sync. */
export interface GithubGauges {
  status(): Promise<GithubStatus>
}

/**
 * While the database is down nothing is known, so nothing is claimed: NaN, and no states at all.
 */
export const addGithubGauges = (registry: Registry, github: GithubGauges): void => {
  const registers = [registry]
  const read = shared(
    (): Promise<GithubStatus | undefined> => github.status().catch(() => undefined),
  )
  const instants = ['paused_until', 'last_sweep_at', 'last_delivery_at'] as const
  new Gauge({
    name: 'github_sync_jobs',
    help: 'Tasks by the state of their sync.',
    labelNames: ['state'],
    registers,
    async collect() {
      const status = await read()
      this.reset()
      if (status !== undefined)
        for (const state of SYNC_STATUSES) this.set({ state }, status.jobs[state] ?? 0)
    },
  })
  for (const name of instants) {
    new Gauge({
      name: `github_sync_${name.replace(/_at$|_until$/, '')}_timestamp_seconds`,
      help: `${name} of GET /github/status; 0 for none.`,
      registers,
      async collect() {
        const status = await read()
        this.set(
          status === undefined ? Number.NaN : Date.parse(status[name] ?? '1970-01-01') / 1000,
        )
      },
    })
  }
  new Gauge({
    name: 'github_sync_requests_remaining',
    help: "What is left of the credential's requests, as GitHub said last; -1 before it has.",
    registers,
    async collect() {
      const status = await read()
      this.set(status === undefined ? Number.NaN : (status.budget?.remaining ?? -1))
    },
  })
  new Gauge({
    name: 'github_sync_clock_offset_seconds',
    help: "How far this service's clock is ahead of GitHub's; NaN until GitHub has answered.",
    registers,
    async collect() {
      const status = await read()
      this.set((status?.clock_offset_ms ?? Number.NaN) / 1000)
    },
  })
  new Gauge({
    name: 'github_sync_blocked',
    help: '1 while a person has to mend something before anything goes to GitHub.',
    registers,
    async collect() {
      const status = await read()
      this.set(status === undefined ? Number.NaN : Number(status.blocked !== null))
    },
  })
}

/**
 * A reading that takes this long is cached for twenty times as long, as it counts every link: at
 * most a twentieth of the time is spent on it.
 */
const SLOW_MS = 250
const KEPT_TIMES = 20

/**
 * Whoever asks while an answer is on its way gets that one: the gauges of one reading share one
 * look. `ask` never rejects.
 */
const shared = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let asked: Promise<T> | undefined
  let keptUntil = 0
  return () => {
    if (asked !== undefined && performance.now() < keptUntil) return asked
    const began = performance.now()
    keptUntil = Number.POSITIVE_INFINITY
    asked = ask().then((answer) => {
      const end = performance.now()
      const isKept = answer !== undefined && end - began >= SLOW_MS
      keptUntil = isKept ? end + KEPT_TIMES * (end - began) : end
      return answer
    })
    return asked
  }
}
