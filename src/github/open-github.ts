import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyValue, Repository } from '../core/repository.ts'
import { createTracking } from '../task/tracking.ts'
import { type Credential, createClient } from './api/client.ts'
import { createGithubClock } from './api/github-clock.ts'
import { createIssuesClient } from './api/issues-client.ts'
import { createLimits, type LimitOptions, readLimits } from './api/limits.ts'
import { BLOCK, CLOCK_OFFSET, MARKER_KEY } from './api/state-keys.ts'
import { createCompanionRule } from './companion-rule.ts'
import { createLink, type IssueLink } from './issue/issue-link.ts'
import { createMarker } from './issue/marker.ts'
import { createLinkStore } from './link-store.ts'
import { createOperations } from './operations.ts'
import type { SyncContext, SyncSettings } from './step/sync-context.ts'
import { createWebhook } from './webhook.ts'
import { startWorker } from './worker/worker.ts'

export interface GithubSettings extends SyncSettings, LimitOptions {
  readonly credential: Credential
  /** `owner/name`. */
  readonly repository: string
  readonly apiUrl: string
  readonly requestTimeoutMs: number
  /** How long the answer to a create waits for the issue. */
  readonly createWaitMs: number
  readonly leaseMs: number
  /** Any of them may have signed a delivery; none: deliveries are not taken. */
  readonly webhookSecrets: readonly string[]
}

export interface GithubDeps {
  readonly repository: Repository
  readonly version: string
  readonly newId: (key?: string) => string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly warn: (error: unknown, message: string) => void
}

export type Github = ReturnType<typeof openGithub>

/** The sync of tasks with the issues of a repository. It runs until it is closed. */
export const openGithub = (
  settings: GithubSettings,
  { repository, version, newId, now, warn }: GithubDeps,
) => {
  const { tasks, companions, inbox, values } = repository
  const { credential, apiUrl } = settings
  const tracking = createTracking(repository, newId)
  const userAgent = `task-manager-api/${version}`
  const clock = createGithubClock(now)
  const links = createLinkStore(companions, tracking, clock)
  const call = createClient({
    credential,
    apiUrl,
    timeoutMs: settings.requestTimeoutMs,
    userAgent,
    clock,
  })

  const openContext = async (signal: AbortSignal): Promise<SyncContext> => {
    clock.assume(((await values.read(CLOCK_OFFSET)) as number | undefined) ?? 0)
    const limits = await createLimits(values, credential, settings, clock)
    const api = await createIssuesClient({
      call,
      credential,
      limits,
      values,
      repository: settings.repository,
      signal,
    })
    const marker = createMarker(await markerKey(values))
    const { history } = tasks
    return { history, tracking, links, values, inbox, api, limits, marker, settings, now, clock }
  }
  const worker = startWorker(repository.leases, { leaseMs: settings.leaseMs, openContext, warn })

  /** Whether nothing goes to GitHub just now, so that no issue is worth waiting for. */
  const isHalted = async (): Promise<boolean> => {
    const [{ pausedUntil }, block] = await Promise.all([
      readLimits(values, credential, settings, clock),
      values.read(BLOCK),
    ])
    return pausedUntil !== null || block != null
  }

  /**
   * As many creates wait for their issues as can be opened within the wait, one after the other.
   */
  const waitingMost =
    settings.createWaitMs === 0
      ? 0
      : Math.ceil(settings.createWaitMs / Math.max(settings.writeIntervalMs, OPENED_POLL_MS)) + 1
  let waiting = 0
  let isClosing = false

  /**
   * The worker may be another process, so the link is read now and then: each time after half as
   * long again, 400 ms at most.
   */
  const look = async (taskId: string): Promise<void> => {
    let pause = OPENED_POLL_MS
    for (
      const end = performance.now() + settings.createWaitMs;
      !isClosing && performance.now() < end && !(await isHalted());
      pause = Math.min(1.5 * pause, 400)
    ) {
      await sleep(Math.min(pause, end - performance.now()))
      const link = await links.link(taskId)
      if (link === undefined || !isBeingOpened(link, now())) break
    }
  }

  const waitForIssue = async (taskId: string): Promise<void> => {
    waiting += 1
    try {
      await look(taskId)
    } catch {
      /** The task is stored, whatever happens to the database meanwhile. */
    } finally {
      waiting -= 1
    }
  }

  return {
    webhook: createWebhook(settings.webhookSecrets, inbox, values, worker.wake, now),
    operations: createOperations(repository, links, credential, settings, worker.wake, now, clock),

    companionRule: createCompanionRule(now, clock.certainNow, (taskId) =>
      createLink(taskId, now()),
    ),

    /** Work was committed for the sync. */
    wake: worker.wake,

    /** Resolves once a new task's issue is known, or will not be for now, or the wait is over. */
    whenCreated(taskId: string): Promise<void> | undefined {
      worker.wake()
      return waiting < waitingMost ? waitForIssue(taskId) : undefined
    },

    close(): Promise<void> {
      isClosing = true
      return worker.stop()
    },
  }
}

const OPENED_POLL_MS = 25

const isBeingOpened = ({ status, nextAttemptAt }: IssueLink, now: number): boolean =>
  status === 'creating' || (status === 'pending' && nextAttemptAt !== null && nextAttemptAt <= now)

/** The key of the markers: made once, kept where the tasks are. */
const markerKey = async (values: KeyValue): Promise<Buffer> => {
  const kept = (await values.read(MARKER_KEY)) as string | undefined
  if (kept !== undefined) return Buffer.from(kept, 'base64')
  const key = randomBytes(32)
  await values.write(MARKER_KEY, key.toString('base64'))
  return key
}
