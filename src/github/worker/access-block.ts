import { createCircuitBreaker } from '../../jobs/circuit-breaker.ts'
import { BLOCKS } from '../api/error-catalog.ts'
import { BLOCK, TRY_AGAIN } from '../api/state-keys.ts'
import { AccessBlocked } from '../api/sync-errors.ts'
import { type IssueLink, retryNow } from '../issue/issue-link.ts'
import type { SyncError } from '../issue/task-sync.ts'
import { linkPages } from '../step/link-pages.ts'
import { toHalted } from '../step/link-transitions.ts'
import type { SyncContext } from '../step/sync-context.ts'

/** How often GitHub is probed at least, in milliseconds. */
const MAX_PROBE_MS = 60_000

/** How many jobs a probe carries out at most: most of them write, some find nothing to write. */
const MAX_TRIES = 10

/** How many due jobs are blocked per tick. */
const DUE_JOBS = 100

const CODES: ReadonlySet<string> = new Set(Object.values(BLOCKS).map(({ code }) => code))

const isBlocked = ({ status, error }: IssueLink): boolean =>
  status === 'blocked' && error !== null && CODES.has(error.code)

/**
 * The circuit breaker before GitHub: open while a person has to mend the access. Each job that
 * comes due meanwhile is blocked with the reason. A probe carries out one of them, as GitHub may
 * show a repository that it lets nobody write to; if that works, all are tried again.
 *
 * @param carryOut does the next step of a job; resolves with whether it was completed
 */
export const createAccessBlock = async (
  { links, values, api, limits, settings, now }: SyncContext,
  carryOut: (link: IssueLink) => Promise<boolean>,
) => {
  /** The task whose job was refused last. */
  let refused: string | undefined

  const block = (taskId: string, error: SyncError) =>
    links.changeLink(taskId, (link) =>
      link.status === 'creating' ? undefined : toHalted(link, 'blocked', error),
    )

  const unblock = (taskId: string) =>
    links.changeLink(taskId, (link) => (isBlocked(link) ? retryNow(link, now()) : undefined))

  /** Blocked for any reason, as one may have followed another. The job refused last comes first. */
  async function* blockedJobs(): AsyncGenerator<IssueLink> {
    const first = refused
    const link = first === undefined ? undefined : await links.link(first)
    if (link !== undefined && isBlocked(link)) yield link
    for await (const page of linkPages(links, 'blocked'))
      yield* page.filter((other) => isBlocked(other) && other.taskId !== first)
  }

  /** Throws AccessBlocked again when GitHub refuses the job. */
  const tryJob = async ({ taskId }: IssueLink): Promise<boolean> => {
    const link = await unblock(taskId)
    if (link === undefined) return true
    try {
      return await carryOut(link)
    } catch (error) {
      if (error instanceof AccessBlocked) await block(taskId, error.reason)
      throw error
    }
  }

  /**
   * Carries out jobs until GitHub has accepted a write. Resolves with whether it did; throws
   * AccessBlocked when it does not. A single issue may be refused too (if it is locked), so
   * another one is tried after it.
   */
  const canWrite = async (): Promise<boolean> => {
    const writes = api.writeCount()
    let refusal: AccessBlocked | undefined
    let tries = 0
    for await (const link of blockedJobs()) {
      if (link.issue === null && limits.nextCreateAt() > now()) return false
      try {
        if (!(await tryJob(link))) return false
      } catch (error) {
        if (!(error instanceof AccessBlocked) || link.issue === null || refusal !== undefined)
          throw error
        refusal = error
        refused = link.taskId
      }
      tries += 1
      if (api.writeCount() > writes || tries === MAX_TRIES) return true
    }
    if (refusal !== undefined) throw refusal
    if (tries === 0) await api.list({ state: 'all' }).next()
    return true
  }

  /** All but a job that was refused while another one was not. */
  const unblockAll = async (): Promise<void> => {
    for await (const page of linkPages(links, 'blocked'))
      await Promise.all(
        page.map(({ taskId }) => (taskId === refused ? undefined : unblock(taskId))),
      )
  }

  /** Resolves with whether there were any. */
  const blockDueJobs = async (error: SyncError): Promise<boolean> => {
    const due = await links.dueLinks(DUE_JOBS)
    const blocking = due.map(({ taskId, rev }) =>
      links.changeLink(taskId, (link) =>
        link.rev === rev ? toHalted(link, 'blocked', error) : undefined,
      ),
    )
    await Promise.all(blocking)
    return due.length > 0
  }

  const breaker = createCircuitBreaker<SyncError>({
    initial: ((await values.read(BLOCK)) as SyncError | null | undefined) ?? null,
    save: (reason) => values.write(BLOCK, reason),
    probeMs: Math.min(settings.sweepIntervalMs, MAX_PROBE_MS),
    readRequest: () => values.read(TRY_AGAIN),
    async probe() {
      try {
        await api.authenticate()
        await api.findRepository()
        if (!(await canWrite())) return undefined
        await unblockAll()
        return null
      } catch (error) {
        return error instanceof AccessBlocked ? error.reason : undefined
      }
    },
  })

  return {
    isOpen: (): boolean => breaker.reason() !== null,

    async open({ reason, taskId }: AccessBlocked): Promise<void> {
      refused = taskId
      await breaker.open(reason)
      if (taskId !== undefined) await block(taskId, reason)
    },

    /** Blocks due jobs and probes. Resolves with whether there was anything to do. */
    async tick(): Promise<boolean> {
      const reason = breaker.reason()
      if (reason === null) return false
      const hasBlocked = await blockDueJobs(reason)
      return (await breaker.probeWhenDue()) || hasBlocked
    },
  }
}
