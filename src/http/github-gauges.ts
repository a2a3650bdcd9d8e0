import { Gauge, type Registry } from 'prom-client'
import { SYNC_STATUSES } from '../core/task-sync.ts'

/** What is measured of the GitHub sync. */
export interface GithubGauges {
  status(): Promise<object>
}

/** What is measured of GET /github/status; nothing of it while the database is down. */
interface GithubStatus {
  readonly jobs?: Readonly<Partial<Record<string, number>>>
  readonly blocked?: object | null
  readonly budget?: { readonly remaining: number } | null
  readonly paused_until?: string | null
  readonly last_sweep_at?: string | null
  readonly last_delivery_at?: string | null
}

export const addGithubGauges = (registry: Registry, github: GithubGauges): void => {
  const registers = [registry]
  const read = shared((): Promise<GithubStatus> => github.status().catch(() => ({})))
  const instants = ['paused_until', 'last_sweep_at', 'last_delivery_at'] as const
  new Gauge({
    name: 'github_sync_jobs',
    help: 'Tasks by the state of their sync.',
    labelNames: ['state'],
    registers,
    async collect() {
      const { jobs = {} } = await read()
      for (const state of SYNC_STATUSES) this.set({ state }, jobs[state] ?? 0)
    },
  })
  for (const name of instants) {
    new Gauge({
      name: `github_sync_${name.replace(/_at$|_until$/, '')}_timestamp_seconds`,
      help: `${name} of GET /github/status; 0 for none.`,
      registers,
      async collect() {
        const { [name]: instant } = await read()
        this.set(Date.parse(instant ?? '1970-01-01') / 1000)
      },
    })
  }
  new Gauge({
    name: 'github_sync_requests_remaining',
    help: "What is left of the credential's requests, as GitHub said last; -1 before it has.",
    registers,
    async collect() {
      const { budget } = await read()
      this.set(budget?.remaining ?? -1)
    },
  })
  new Gauge({
    name: 'github_sync_blocked',
    help: '1 while a person has to mend something before anything goes to GitHub.',
    registers,
    async collect() {
      const { blocked } = await read()
      this.set(blocked == null ? 0 : 1)
    },
  })
}

/** Whoever asks while an answer is on its way gets that one: the gauges of one reading share one look. */
const shared = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let asked: Promise<T> | undefined
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined
    })
    return asked
  }
}
