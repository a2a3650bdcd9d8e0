import { renameLabel } from './changes.ts'
import type { Clock } from './clock.ts'
import { type AppSettings, createCredentials, type Rights } from './credentials.ts'
import { createDeliveries, type DeliverySettings } from './deliveries.ts'
import { createFaultPlan } from './fault-plan.ts'
import { createLimits, type LimitSettings } from './limits.ts'
import { fullName, type Issue, type Repository } from './records.ts'
import { createRequestLog } from './request-log.ts'
import { ROUTES } from './routes.ts'
import { startServer } from './server.ts'
import { createState } from './state.ts'
import { createUserActions, type UserActions } from './user-actions.ts'

export interface LocalGithubOptions {
  /** `owner/name` of the first repository; `acme/tasks` unless given. */
  readonly repository?: string
  /** Who the first token belongs to; `task-bot` unless given. */
  readonly login?: string
  /** The first token; `github_pat_local` unless given. */
  readonly token?: string
  readonly app?: AppSettings
  readonly webhook?: Omit<DeliverySettings, 'installationId'>
  readonly limits?: LimitSettings
  readonly now?: Clock['now']
  readonly hugeIds?: boolean
  /** A free one unless given. */
  readonly port?: number
  /** `/api/v3` for the ways of an Enterprise server. */
  readonly prefix?: string
}

const MARKER = /<!--[\s\S]*?-->/

/** Issues that bear the same marker (what the pattern finds first in their body), by marker. */
const groupByMarker = (issues: readonly Issue[], pattern: RegExp): Map<string, Issue[]> => {
  const groups = new Map<string, Issue[]>()
  for (const issue of issues) {
    const marker = pattern.exec(issue.body ?? '')?.[0]
    if (marker !== undefined) groups.set(marker, [...(groups.get(marker) ?? []), issue])
  }
  return groups
}

/** What a test does with one repository, beside its API. */
const createRepositoryHandle = (world: ReturnType<typeof createState>, repository: Repository) => {
  const issues = (): readonly Issue[] =>
    [...repository.issues.values()]
      .flatMap((states) => states.at(-1) ?? [])
      .filter(({ fate }) => fate === 'here')
  return {
    id: repository.id,
    fullName: () => fullName(repository),
    /** All that are here now, pull requests included, in the order of their numbers. */
    issues,
    /** As it is now; undefined when there is none, or it is gone. */
    issue: (number: number): Issue | undefined => issues().find((issue) => issue.number === number),
    /** Issues by the marker in their body: an HTML comment unless another pattern is given. */
    byMarker: (pattern = MARKER): ReadonlyMap<string, readonly Issue[]> =>
      groupByMarker(issues(), pattern),
    /** Markers that more than one issue bears; those closed as duplicates don't count unless wanted. */
    duplicates: (pattern = MARKER, withClosed = false): ReadonlyMap<string, readonly Issue[]> => {
      const counted = issues().filter(
        ({ stateReason }) => withClosed || stateReason !== 'duplicate',
      )
      return new Map([...groupByMarker(counted, pattern)].filter(([, group]) => group.length > 1))
    },
    as: (login: string): UserActions => createUserActions(world, repository, login),
    rename: (name: string): void =>
      world.moveRepository(repository, `${repository.owner.login}/${name}`),
    /** To another owner. */
    transfer: (owner: string): void =>
      world.moveRepository(repository, `${owner}/${repository.name}`),
    renameLabel: (from: string, to: string): void => renameLabel(world, repository, from, to),
    disableIssues(): void {
      repository.hasIssues = false
    },
    enableIssues(): void {
      repository.hasIssues = true
    },
    /** Whoever may write to it then only reads. */
    archive(): void {
      repository.isArchived = true
    },
    unarchive(): void {
      repository.isArchived = false
    },
    /** Deletes the whole repository. */
    delete(): void {
      repository.isGone = true
    },
  }
}

export type RepositoryHandle = ReturnType<typeof createRepositoryHandle>

/** Starts a GitHub of one's own on the loopback. */
export const openLocalGithub = async (options: LocalGithubOptions = {}) => {
  const {
    now = Date.now,
    token = 'github_pat_local',
    login = 'task-bot',
    app,
    hugeIds = false,
  } = options
  const world = createState({ now, hugeIds })
  const bot = app && { ...app, bot: world.user(`${app.slug}[bot]`, 'Bot') }
  const credentials = createCredentials(now, bot)
  credentials.add(token, world.user(login))
  const limits = createLimits(now, options.limits)
  const faults = createFaultPlan(Object.keys(ROUTES))
  const requests = createRequestLog()
  const [violations, slips]: [string[], string[]] = [[], []]
  const { prefix = '', port = 0 } = options
  const surroundings = (api: string) => ({ world, credentials, limits, api, violations, slips })
  const server = await startServer({ port, prefix, surroundings, faults, log: requests })
  const deliveries = createDeliveries(world, server.url, {
    ...options.webhook,
    installationId: app?.installationId,
  })
  const addRepository = (name: string): RepositoryHandle =>
    createRepositoryHandle(world, world.addRepository(name))
  const first = world.addRepository(options.repository ?? 'acme/tasks')
  const account = `user ${login}`

  return {
    ...createRepositoryHandle(world, first),
    /** For GITHUB_API_URL. */
    url: server.url,
    token,
    login,
    addRepository,
    /** Plans a fault, or one of several by a dice, for requests to a route, to `GET *` or to `*`. */
    fail: faults.fail,
    /** Ends all faults; what hangs goes on. */
    stopFaults: faults.stop,
    requests,
    deliveries: { ...deliveries, ping: (url: string) => deliveries.ping(url, first) },
    /** Lists, and reads of one issue, show the state of so many milliseconds ago; `{}` ends it. */
    lag: world.setLag,
    /** Budgets of an account; the first token's unless another is named (`user LOGIN`, `installation ID`). */
    limits: {
      exhaust: (limit?: Parameters<typeof limits.exhaust>[1], of = account) =>
        limits.exhaust(of, limit),
      slowDown: (limit?: Parameters<typeof limits.slowDown>[1], of = account) =>
        limits.slowDown(of, limit),
      state: (of = account) => limits.state(of),
      reset: limits.reset,
    },
    addToken: (added: string, owner: string, rights?: Rights): void =>
      credentials.add(added, world.user(owner), rights),
    revokeToken: (revoked = token): void => credentials.revoke(revoked),
    restoreToken: (restored = token): void => credentials.restore(restored),
    /** Of one token, or of all. */
    setRights: (rights: Rights, of?: string): void => credentials.setRights(rights, of),
    /** Every change so far: what a timeline would show. */
    events: world.events,
    /** Requests that GitHub does not describe. A test fails on any, unless it expects them. */
    violations,
    /** Answers of this GitHub that the real one would not give: a mistake of ours. */
    slips,
    close: server.close,
  }
}

export type LocalGithub = Awaited<ReturnType<typeof openLocalGithub>>
