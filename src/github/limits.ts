import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SyncRepository } from '../core/sync-repository.ts'
import type { Budget, Credential } from './client.ts'
import { Paused } from './stopped.ts'

export interface LimitOptions {
  readonly writeIntervalMs: number
  readonly createsPerMinute: number
  readonly createsPerHour: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface LimitState {
  readonly pausedUntil: number
  readonly reason: string | null
  /** When issues were opened, within the last hour. */
  readonly creates: readonly number[]
}

/** What is left is for people to read: it is kept so often, in milliseconds. */
const BUDGET_KEPT_MS = 10_000

export type Limits = Awaited<ReturnType<typeof createLimits>>

/**
 * What a credential may still do. Kept with the tasks, so that a restart forgets neither a pause nor the issues opened in the
 * last hour; by the credential, so that another one is not held by it.
 */
export const createLimits = async (sync: SyncRepository, credential: Credential, options: LimitOptions, now: () => number) => {
  const name = `github-limits:${fingerprint(credential)}`
  const budgetName = `github-budget:${fingerprint(credential)}`
  const kept = (await sync.readState(name)) as LimitState | undefined
  let pausedUntil = kept?.pausedUntil ?? 0
  let reason = kept?.reason ?? null
  let creates = [...(kept?.creates ?? [])]
  let budget = (await sync.readState(budgetName)) as Budget | undefined
  let budgetKeptAt = Number.NEGATIVE_INFINITY
  /** The process before may just have written. */
  let lastWriteAt = performance.now()
  const untilWrite = (): number => Math.ceil(lastWriteAt + options.writeIntervalMs - performance.now())

  const save = (): Promise<void> => sync.writeState(name, { pausedUntil, reason, creates } satisfies LimitState)

  return {
    state: () => ({ pausedUntil: pausedUntil > now() ? pausedUntil : null, reason: pausedUntil > now() ? reason : null }),

    /** What is left of the credential's requests, as far as GitHub has told. */
    budget: () => budget,

    /** GitHub said what is left. */
    note(said: Budget | undefined): void {
      if (said === undefined) return
      budget = said
      if (performance.now() - budgetKeptAt < BUDGET_KEPT_MS) return
      budgetKeptAt = performance.now()
      sync.writeState(budgetName, said).catch(() => {})
    },

    /** Throws Paused while no call at all may go out. */
    check(): void {
      if (pausedUntil > now()) throw new Paused(pausedUntil)
    },

    /** When the next issue may be opened; in the past when it may be at once. */
    nextCreateAt(): number {
      const at = now()
      creates = creates.filter((time) => time > at - HOUR)
      const within = (span: number, most: number): number => {
        const recent = creates.filter((time) => time > at - span)
        return recent.length < most ? 0 : (recent.at(-most) ?? 0) + span
      }
      return Math.max(within(MINUTE, options.createsPerMinute), within(HOUR, options.createsPerHour))
    },

    /** To be called, and waited for, before each write: writes are some time apart. An opening is counted before it is sent. */
    async beforeWrite(isCreate: boolean, signal: AbortSignal): Promise<void> {
      for (let wait = untilWrite(); wait > 0; wait = untilWrite()) await sleep(wait, undefined, { signal })
      if (!isCreate) return
      creates.push(now())
      await save()
    },

    /** To be called after each write: the next one is counted from its end, as nobody knows when GitHub began with it. */
    afterWrite(): void {
      lastWriteAt = performance.now()
    },

    async pause(until: number, why: string): Promise<void> {
      pausedUntil = Math.max(pausedUntil, until)
      reason = why
      await save()
    },
  }
}

/** Tells credentials apart without showing them. An app's installation stays itself when its key is changed. */
const fingerprint = (credential: Credential): string => {
  const text = credential.kind === 'token' ? credential.token : `${credential.appId}:${credential.installationId}`
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
