import type { KeyValue } from '../../core/repository.ts'
import { type RemoteIssue, toRemoteIssue } from '../issue/remote-issue.ts'
import type { Call, Credential, GithubResponse } from './client.ts'
import { BLOCKS } from './error-catalog.ts'
import type { Limits } from './limits.ts'
import { AUTHORS, homeState } from './state-keys.ts'
import { AccessBlocked, RateLimited, TransientFailure } from './sync-errors.ts'

export interface ApiDeps {
  readonly call: Call
  readonly credential: Credential
  readonly limits: Limits
  readonly values: KeyValue
  /** As it is configured: `owner/name`. */
  readonly repository: string
  readonly signal: AbortSignal
}

/** What came of a call that was neither held back by a limit nor refused for its credential. */
export type Outcome = Exclude<GithubResponse, { kind: 'limited' }>

/**
 * What GitHub answered. Throws Failed when no answer came, or none that says what became of the
 * call.
 */
export const requireResponse = (outcome: Outcome): Exclude<Outcome, { kind: 'unknown' }> => {
  if (outcome.kind === 'unknown') throw new TransientFailure('unavailable', outcome.message)
  return outcome
}

/** The repository as it was found: its name may change, its id never does. */
export interface RepositoryPlace {
  readonly id: number
  readonly fullName: string
}

/** https://docs.github.com/rest/repos/repos#get-a-repository */
interface FoundRepository {
  readonly id: number
  readonly full_name: string
  readonly has_issues: boolean
  readonly archived: boolean
}

/** Writes are some time apart: whether a call has to wait for its turn. */
type RateSlot = 'needless' | 'to be taken' | 'taken'

export type IssuesClient = Awaited<ReturnType<typeof createIssuesClient>>

/**
 * The calls of the sync, one at a time. Each throws Paused when a limit is in force, Blocked when
 * nothing goes with the credential or the repository; a write that throws was not done. A
 * repository that was renamed is found by its id, and the call made again there.
 */
export const createIssuesClient = async ({
  call,
  credential,
  limits,
  values,
  repository,
  signal,
}: ApiDeps) => {
  const stateName = homeState(repository)
  let home = (await values.read(stateName)) as RepositoryPlace | undefined
  let authors = ((await values.read(AUTHORS)) as readonly string[] | undefined) ?? []
  let login: string | undefined
  let writeCount = 0

  const send = async (route: string, parameters?: Record<string, unknown>): Promise<Outcome> => {
    /** One who has lost the lease, or is to stop, begins nothing more. */
    signal.throwIfAborted()
    limits.check()
    /** A write that is under way is waited for, as its answer says what became of it. */
    const reply = await call(route, parameters, route.startsWith('GET ') ? signal : undefined)
    limits.note(reply.budget)
    if (reply.kind === 'limited') {
      await limits.pause(reply.until, reply.reason)
      throw new RateLimited(reply.until)
    }
    if (reply.kind === 'refused' && reply.status === 401)
      throw new AccessBlocked(BLOCKS.unauthorized)
    return reply
  }

  const get = async (route: string, parameters?: Record<string, unknown>) =>
    requireResponse(await send(route, parameters))

  /** Finds the repository by its id or, the first time, by its name. */
  const find = async (): Promise<RepositoryPlace> => {
    const [owner, repo] = repository.split('/')
    let outcome = home
      ? await get('GET /repositories/{id}', { id: home.id })
      : await get('GET /repos/{owner}/{repo}', { owner, repo })
    if (outcome.kind === 'refused' && outcome.location !== undefined)
      outcome = await get(`GET ${outcome.location}`)
    if (outcome.kind !== 'ok')
      throw new AccessBlocked(outcome.status === 403 ? BLOCKS.forbidden : BLOCKS.repositoryNotFound)
    const { id, full_name, has_issues, archived } = outcome.data as FoundRepository
    if (home !== undefined && home.id !== id) throw new AccessBlocked(BLOCKS.repositoryReplaced)
    if (archived) throw new AccessBlocked(BLOCKS.repositoryArchived)
    if (!has_issues) throw new AccessBlocked(BLOCKS.issuesDisabled)
    if (home?.fullName !== full_name) {
      home = { id, fullName: full_name }
      await values.write(stateName, home)
    }
    return { id, fullName: full_name }
  }

  const at = async (): Promise<{ owner: string; repo: string }> => {
    const [owner = '', repo = ''] = (home ?? (await find())).fullName.split('/')
    return { owner, repo }
  }

  /**
   * Throws Blocked if a write was refused with 403 because the repository is archived, and not for
   * lack of rights. GitHub then says "Repository was archived so is read-only."; in case the words
   * change, the repository is asked too.
   */
  const checkArchived = async (message: string): Promise<void> => {
    if (/\barchived\b/i.test(message)) throw new AccessBlocked(BLOCKS.repositoryArchived)
    await find()
  }

  /** A call to the repository's issues; once more when the repository has another name now. */
  const inRepository = async (
    route: string,
    parameters: Record<string, unknown>,
    turn: RateSlot,
  ): Promise<Outcome> => {
    for (let isSecond = false; ; isSecond = true) {
      const place = await at()
      if (turn === 'to be taken' || (turn === 'taken' && isSecond)) await limits.beforeWrite(signal)
      const path = route.replace(' ', ' /repos/{owner}/{repo}')
      const outcome = await send(path, { ...place, ...parameters })
      if (turn !== 'needless') limits.afterWrite()
      if (turn !== 'needless' && outcome.kind === 'ok') writeCount += 1
      if (turn !== 'needless' && outcome.kind === 'refused' && outcome.status === 403)
        await checkArchived(outcome.message)
      const isMoved = outcome.kind === 'refused' && outcome.status >= 300 && outcome.status < 400
      if (!isMoved || isSecond) return outcome
      const found = await find()
      if (found.fullName === `${place.owner}/${place.repo}`) return outcome
    }
  }

  const authenticate = async (): Promise<string> => {
    const isApp = credential.kind === 'app'
    const outcome = await get(isApp ? 'GET /app' : 'GET /user')
    if (outcome.kind !== 'ok') throw new AccessBlocked(BLOCKS.unauthorized)
    const data = outcome.data as { login?: string; slug?: string }
    login = isApp ? `${data.slug}[bot]` : (data.login ?? '')
    if (!authors.includes(login)) {
      authors = [...authors, login]
      await values.write(AUTHORS, authors)
    }
    return login
  }

  return {
    /**
     * How GitHub names us, and named us with other credentials: all by whom an issue of ours may
     * have been opened.
     */
    async authors(): Promise<readonly string[]> {
      if (login === undefined) await authenticate()
      return authors
    },

    /** Asks GitHub again who we are. */
    authenticate,

    home: () => home,

    /** How many writes GitHub has taken. */
    writeCount: () => writeCount,

    /** Looks again whether the repository can be written to at all. */
    findRepository: find,

    issue: (number: number): Promise<Outcome> =>
      inRepository('GET /issues/{issue_number}', { issue_number: number }, 'needless'),

    /**
     * Must be awaited before `create`: everything that may wait or fail before the issue is marked
     * as being created.
     */
    async reserveCreate(): Promise<void> {
      await at()
      if (login === undefined) await authenticate()
      await limits.beforeWrite(signal)
    },

    async create(body: Record<string, unknown>): Promise<Outcome> {
      await limits.recordCreate()
      return inRepository('POST /issues', body, 'taken')
    },

    update: (number: number, body: Record<string, unknown>): Promise<Outcome> =>
      inRepository(
        'PATCH /issues/{issue_number}',
        { issue_number: number, ...body },
        'to be taken',
      ),

    addLabels: (number: number, labels: readonly string[]): Promise<Outcome> =>
      inRepository(
        'POST /issues/{issue_number}/labels',
        { issue_number: number, labels },
        'to be taken',
      ),

    /** `name` must be a path segment (path-segment.ts). */
    removeLabel: (number: number, name: string): Promise<Outcome> =>
      inRepository(
        'DELETE /issues/{issue_number}/labels/{name}',
        { issue_number: number, name },
        'to be taken',
      ),

    /**
     * The issues of a list, page after page as they are asked for. A page that does not come is
     * asked for once more, as the whole list would be; then it throws Failed.
     */
    async *list(parameters: Record<string, unknown>): AsyncGenerator<RemoteIssue> {
      for (let page = 1; ; page += 1) {
        const ask = () =>
          inRepository('GET /issues', { ...parameters, per_page: 100, page }, 'needless')
        const first = await ask()
        const outcome = requireResponse(first.kind === 'unknown' ? await ask() : first)
        if (outcome.kind !== 'ok') throw listRefusal(outcome.status)
        for (const issue of outcome.data as unknown[]) yield toRemoteIssue(issue)
        if (!outcome.next) return
      }
    },
  }
}

const listRefusal = (status: number): AccessBlocked => {
  if (status === 410) return new AccessBlocked(BLOCKS.issuesDisabled)
  return new AccessBlocked(status === 403 ? BLOCKS.forbidden : BLOCKS.repositoryNotFound)
}
