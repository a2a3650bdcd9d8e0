import { BLOCKS } from '../api/error-catalog.ts'
import { BLOCK, TRY_AGAIN } from '../api/state-keys.ts'
import { AccessBlocked } from '../api/sync-errors.ts'
import { type IssueLink, retryNow } from '../issue/issue-link.ts'
import type { SyncError } from '../issue/task-sync.ts'
import { linkPages } from '../step/link-pages.ts'
import { toHalted } from '../step/link-transitions.ts'
import type { SyncContext } from '../step/sync-context.ts'

/** How often it is looked whether a person has mended it, in milliseconds. */
const PROBE_MS = 60_000

/** So many jobs are carried out at most to see whether GitHub takes a write: most write something, some find nothing to write. */
const TRIES = 10

const CODES: ReadonlySet<string> = new Set(Object.values(BLOCKS).map(({ code }) => code))

const isWaiting = ({ status, error }: IssueLink): boolean =>
  status === 'blocked' && error !== null && CODES.has(error.code)

/**
 * What keeps everything from GitHub until a person mends it. Meanwhile each job that comes due says so. Whether it is mended is
 * tried with one of them, as GitHub may show a repository that it lets nobody write to; then all of them go on.
 *
 * @param carryOut does the next step of a job; resolves with whether it came to its end
 */
export const createCircuitBreaker = async (
  ctx: SyncContext,
  carryOut: (link: IssueLink) => Promise<boolean>,
) => {
  let reason = ((await ctx.sync.readState(BLOCK)) as SyncError | null | undefined) ?? null
  let probeAt = 0
  let asked: unknown
  /** The task whose job was refused last. */
  let refused: string | undefined

  const become = async (next: SyncError | null): Promise<void> => {
    await ctx.sync.writeState(BLOCK, next)
    reason = next
  }

  const probeLater = (): void => {
    probeAt = performance.now() + Math.min(ctx.settings.sweepIntervalMs, PROBE_MS)
  }

  /** Whether it is time to look whether it is mended, or a person asked for it. */
  const isProbeDue = async (): Promise<boolean> => {
    const last = asked
    asked = await ctx.sync.readState(TRY_AGAIN)
    return asked !== last || performance.now() >= probeAt
  }

  const keepBack = (taskId: string, error: SyncError) =>
    ctx.sync.changeLink(taskId, (link) =>
      link.status === 'posting' ? undefined : toHalted(link, 'blocked', error),
    )

  const revive = (taskId: string) =>
    ctx.sync.changeLink(taskId, (link) => (isWaiting(link) ? retryNow(link, ctx.now()) : undefined))

  /** The jobs that wait, whatever for, as one reason may have followed on another: the one that was refused first. */
  async function* waiting(): AsyncGenerator<IssueLink> {
    const first = refused
    const link = first === undefined ? undefined : await ctx.sync.link(first)
    if (link !== undefined && isWaiting(link)) yield link
    for await (const page of linkPages(ctx.sync, 'blocked'))
      yield* page.filter((other) => isWaiting(other) && other.taskId !== first)
  }

  /** Throws Blocked again when GitHub refuses the job. */
  const tryJob = async ({ taskId }: IssueLink): Promise<boolean> => {
    const link = await revive(taskId)
    if (link === undefined) return true
    try {
      return await carryOut(link)
    } catch (error) {
      if (error instanceof AccessBlocked) await keepBack(taskId, error.reason)
      throw error
    }
  }

  /**
   * Carries out jobs until GitHub has taken a write. Resolves with whether it does; throws Blocked when it does not. One issue alone
   * may be refused as well (it was locked), so after it another one has to be.
   */
  const isWritable = async (): Promise<boolean> => {
    const taken = ctx.api.writesTaken()
    let refusal: AccessBlocked | undefined
    let tries = 0
    for await (const link of waiting()) {
      if (link.issue === null && ctx.limits.nextCreateAt() > ctx.now()) return false
      try {
        if (!(await tryJob(link))) return false
      } catch (error) {
        if (!(error instanceof AccessBlocked) || link.issue === null || refusal !== undefined)
          throw error
        refusal = error
        refused = link.taskId
      }
      tries += 1
      if (ctx.api.writesTaken() > taken || tries === TRIES) return true
    }
    if (refusal !== undefined) throw refusal
    if (tries === 0) await ctx.api.list({ state: 'all' }).next()
    return true
  }

  /** A job that was refused while another one was not waits on by itself. */
  const end = async (): Promise<void> => {
    for await (const page of linkPages(ctx.sync, 'blocked'))
      await Promise.all(page.map(({ taskId }) => (taskId === refused ? undefined : revive(taskId))))
    await become(null)
  }

  /** Marks the jobs that are due. Resolves with whether there were any. */
  const mark = async (error: SyncError): Promise<boolean> => {
    const due = await ctx.sync.dueLinks(ctx.now(), 100)
    const marking = due.map(({ taskId, rev }) =>
      ctx.sync.changeLink(taskId, (link) =>
        link.rev === rev ? toHalted(link, 'blocked', error) : undefined,
      ),
    )
    await Promise.all(marking)
    return due.length > 0
  }

  return {
    isInForce: (): boolean => reason !== null,

    async begin({ reason: error, taskId }: AccessBlocked): Promise<void> {
      asked = await ctx.sync.readState(TRY_AGAIN)
      probeLater()
      refused = taskId
      if (taskId !== undefined) await keepBack(taskId, error)
      await become(error)
    },

    /** Looks whether it is mended, when it is time. Resolves with whether there was anything to do. */
    async wait(): Promise<boolean> {
      if (reason === null) return false
      const hasMarked = await mark(reason)
      if (!(await isProbeDue())) return hasMarked
      probeLater()
      try {
        await ctx.api.authenticate()
        await ctx.api.probe()
        if (await isWritable()) await end()
      } catch (error) {
        if (error instanceof AccessBlocked && error.reason.code !== reason.code)
          await become(error.reason)
      }
      return true
    },
  }
}
