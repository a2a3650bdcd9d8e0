import type { Inbox, KeyValue, Tasks } from '../../core/repository.ts'
import type { Tracking } from '../../task/tracking.ts'
import type { GithubClock } from '../api/github-clock.ts'
import type { IssuesClient } from '../api/issues-client.ts'
import type { Limits } from '../api/limits.ts'
import type { Marker } from '../issue/marker.ts'
import type { LinkStore } from '../link-store.ts'

export interface SyncSettings {
  /** Who wins where both sides changed a field: the newest, or always one of them. */
  readonly conflict: 'newest' | 'task' | 'github'
  /** Which issues that were opened at GitHub become tasks. */
  readonly imports:
    | { readonly kind: 'none' }
    | { readonly kind: 'all' }
    | { readonly kind: 'label'; readonly name: string }
  /** When an issue is looked for that may have been opened, in milliseconds after the try. */
  readonly lookupDelaysMs: readonly number[]
  readonly sweepIntervalMs: number
  readonly retryBaseMs: number
}

/** What every step of the sync works with. */
export interface SyncContext {
  readonly history: Tasks['history']
  readonly tracking: Tracking
  readonly links: LinkStore
  readonly values: KeyValue
  readonly inbox: Inbox
  readonly api: IssuesClient
  readonly limits: Limits
  readonly marker: Marker
  readonly settings: SyncSettings
  /** Our clock, for what tasks and their links show. Milliseconds since the epoch. */
  readonly now: () => number
  /** GitHub's, for all that is compared with its times or kept for long. */
  readonly clock: GithubClock
}
