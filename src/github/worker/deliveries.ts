import type { Delivery } from '../../core/sync-repository.ts'
import { answered } from '../api/api.ts'
import { toRemoteIssue } from '../issue/remote-issue.ts'
import type { Desk } from '../step/desk.ts'
import { handleGone } from '../step/gone.ts'
import { receive } from '../step/incoming.ts'

/** What was told of one issue, in the order in which it came. */
export type Told = readonly [Delivery, ...Delivery[]]

/** Deliveries that tell of the same issue are followed as one: how it is now is asked of GitHub once. */
export const byIssue = (deliveries: readonly Delivery[]): Told[] => {
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
export const follow = async (desk: Desk, told: Told): Promise<void> => {
  const [{ repositoryId, issueNumber, issueId }] = told
  const home = desk.api.home() ?? (await desk.api.probe())
  if (repositoryId !== home.id) return
  const outcome = answered(await desk.api.issue(issueNumber))
  if (outcome.kind === 'ok') return receive(desk, toRemoteIssue(outcome.data), await actorOf(desk, told))
  const link = await desk.sync.linkOfIssue(issueId)
  if (link !== undefined) await handleGone(desk, link, outcome)
}

/** Who the history names: the last one who is not us, as our own changes are told of too; else us, as a person may share our login. */
const actorOf = async (desk: Desk, told: Told): Promise<string> => {
  const own = await desk.api.authors()
  const { sender } = told.findLast((delivery) => !own.includes(delivery.sender)) ?? told[0]
  return `github:${sender}`
}
