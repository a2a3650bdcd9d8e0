import type { Delivery } from '../../core/sync-repository.ts'
import { requireResponse } from '../api/issues-client.ts'
import { toRemoteIssue } from '../issue/remote-issue.ts'
import { handleIssue } from '../step/incoming.ts'
import { handleMissingIssue } from '../step/missing-issue.ts'
import type { SyncContext } from '../step/sync-context.ts'

/** What was told of one issue, in the order in which it came. */
export type DeliveryGroup = readonly [Delivery, ...Delivery[]]

/** Deliveries that tell of the same issue are followed as one: how it is now is asked of GitHub once. */
export const groupByIssue = (deliveries: readonly Delivery[]): DeliveryGroup[] => {
  const told = new Map<string, [Delivery, ...Delivery[]]>()
  for (const delivery of deliveries) {
    const name = `${delivery.repositoryId}/${delivery.issueId}`
    const known = told.get(name)
    if (known === undefined) told.set(name, [delivery])
    else known.push(delivery)
  }
  return [...told.values()]
}

/** The deliveries say which issue; how it is now is asked of GitHub. */
export const processGroup = async (ctx: SyncContext, told: DeliveryGroup): Promise<void> => {
  const [{ repositoryId, issueNumber, issueId }] = told
  const home = ctx.api.home() ?? (await ctx.api.probe())
  if (repositoryId !== home.id) return
  const outcome = requireResponse(await ctx.api.issue(issueNumber))
  if (outcome.kind === 'ok')
    return handleIssue(ctx, toRemoteIssue(outcome.data), await actorOf(ctx, told))
  const link = await ctx.sync.linkOfIssue(issueId)
  if (link !== undefined) await handleMissingIssue(ctx, link, outcome)
}

/** Who the history names: the last one who is not us, as our own changes are told of too; else us, as a person may share our login. */
const actorOf = async (ctx: SyncContext, told: DeliveryGroup): Promise<string> => {
  const own = await ctx.api.authors()
  const { sender } = told.findLast((delivery) => !own.includes(delivery.sender)) ?? told[0]
  return `github:${sender}`
}
