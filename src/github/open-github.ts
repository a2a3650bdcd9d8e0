import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SyncRepository } from '../core/sync-repository.ts'
import type { TaskRepository } from '../core/task-repository.ts'
import { type Credential, createClient } from './api/client.ts'
import { createGithubClock } from './api/github-clock.ts'
import { createIssuesClient } from './api/issues-client.ts'
import { createLimits, type LimitOptions, readLimits } from './api/limits.ts'
import { BLOCK, CLOCK_OFFSET, MARKER_KEY } from './api/state-keys.ts'
import { createLink, type IssueLink } from './issue/issue-link.ts'
import { createMarker } from './issue/marker.ts'
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
  readonly tasks: TaskRepository
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
  { tasks, version, newId, now, warn }: GithubDeps,
) => {
  const { sync } = tasks
  const { credential, apiUrl, repository } = settings
  const userAgent = `task-manager-api/${version}`
  const clock = createGithubClock(now)
  const call = createClient({
    credential,
    apiUrl,
    timeoutMs: settings.requestTimeoutMs,
    userAgent,
    clock,
  })

  const openContext = async (signal: AbortSignal): Promise<SyncContext> => {
    clock.assume(((await sync.readState(CLOCK_OFFSET)) as number | undefined) ?? 0)
    const limits = await createLimits(sync, credential, settings, clock)
    const api = await createIssuesClient({ call, credential, limits, sync, repository, signal })
    const marker = createMarker(await markerKey(sync))
    return { tasks, sync, api, limits, marker, settings, now, clock, newId }
  }
  const worker = startWorker(sync, { leaseMs: settings.leaseMs, openContext, warn })

  /** Whether nothing goes to GitHub just now, so that no issue is worth waiting for. */
  const isHalted = async (): Promise<boolean> => {
    const [{ pausedUntil }, block] = await Promise.all([
      readLimits(sync, credential, settings, clock),
      sync.readState(BLOCK),
    ])
    return pausedUntil !== null || block != null
  }

  /** As many creates wait for their issues as can be opened within the wait, one after the other. */
  const waitingMost =
    settings.createWaitMs === 0
      ? 0
      : Math.ceil(settings.createWaitMs / Math.max(settings.writeIntervalMs, OPENED_POLL_MS)) + 1
  let waiting = 0
  let isClosing = false

  /** The worker may be another process, so its link is read now and then: every time a half later, by 400 ms at most. */
  const look = async (taskId: string): Promise<IssueLink | undefined> => {
    let link: IssueLink | undefined
    let pause = OPENED_POLL_MS
    for (
      const end = performance.now() + settings.createWaitMs;
      !isClosing && performance.now() < end && !(await isHalted());
      pause = Math.min(1.5 * pause, 400)
    ) {
      await sleep(Math.min(pause, end - performance.now()))
      link = await sync.link(taskId)
      if (link === undefined || !isBeingOpened(link, now())) break
    }
    return link
  }

  const waitForIssue = async (taskId: string): Promise<IssueLink | undefined> => {
    waiting += 1
    try {
      return await look(taskId)
    } catch {
      /** The task is there, whatever becomes of the database meanwhile. */
      return undefined
    } finally {
      waiting -= 1
    }
  }

  return {
    webhook: createWebhook(settings.webhookSecrets, sync, worker.wake, now),
    operations: createOperations(sync, credential, settings, worker.wake, now, clock),

    /** The link that a new task is committed with. */
    newLink: (taskId: string): IssueLink => createLink(taskId, now()),

    hostNow: clock.certainNow,

    /** Work was committed for the sync. */
    wake: worker.wake,

    /** Resolves with a new task's link once its issue is known, or will not be for now, or the wait is over. */
    opened(taskId: string): Promise<IssueLink | undefined> | undefined {
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
  status === 'posting' || (status === 'pending' && nextAttemptAt !== null && nextAttemptAt <= now)

/** The key of the markers: made once, kept where the tasks are. */
const markerKey = async (sync: SyncRepository): Promise<Buffer> => {
  const kept = (await sync.readState(MARKER_KEY)) as string | undefined
  if (kept !== undefined) return Buffer.from(kept, 'base64')
  const key = randomBytes(32)
  await sync.writeState(MARKER_KEY, key.toString('base64'))
  return key
}
