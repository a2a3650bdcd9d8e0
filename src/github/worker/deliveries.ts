import { requireResponse } from '../api/issues-client.ts'
import { toRemoteIssue } from '../issue/remote-issue.ts'
import { handleIssue } from '../step/incoming.ts'
import { handleMissingIssue } from '../step/missing-issue.ts'
import type { SyncContext } from '../step/sync-context.ts'
import type { Delivery } from '../webhook.ts'

/** The deliveries about one issue, in order of arrival. */
export type DeliveryGroup = readonly [Delivery, ...Delivery[]]

/** Deliveries about the same issue are processed together: its state is requested once. */
export const groupByIssue = (deliveries: readonly Delivery[]): DeliveryGroup[] => {
  const groups = new Map<string, [Delivery, ...Delivery[]]>()
  for (const delivery of deliveries) {
    const name = `${delivery.repositoryId}/${delivery.issueId}`
    const known = groups.get(name)
    if (known === undefined) groups.set(name, [delivery])
    else known.push(delivery)
  }
  return [...groups.values()]
}

/** The deliveries say which issue; how it is now is asked of GitHub. */
export const processGroup = async (ctx: SyncContext, group: DeliveryGroup): Promise<void> => {
  const [{ repositoryId, issueNumber, issueId }] = group
  const home = ctx.api.home() ?? (await ctx.api.findRepository())
  if (repositoryId !== home.id) return
  const outcome = requireResponse(await ctx.api.issue(issueNumber))
  if (outcome.kind === 'ok')
    return handleIssue(ctx, toRemoteIssue(outcome.data), await loginOf(ctx, group))
  const link = await ctx.links.linkOfIssue(issueId)
  if (link !== undefined) await handleMissingIssue(ctx, link, outcome)
}

/**
 * The login in the history: the last sender who is not us, as our own changes are delivered too;
 * otherwise us, as a person may share our login.
 */
const loginOf = async (ctx: SyncContext, group: DeliveryGroup): Promise<string> => {
  const own = await ctx.api.authors()
  const { sender } = group.findLast((delivery) => !own.includes(delivery.sender)) ?? group[0]
  return sender
}
