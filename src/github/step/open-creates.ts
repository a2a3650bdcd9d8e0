import { digestOf } from '../issue/issue-digest.ts'
import type { IssueLink, OpenCreate } from '../issue/issue-link.ts'
import type { RemoteIssue } from '../issue/remote-issue.ts'

/** How much earlier than its create an issue may say that it was opened, as clocks differ. */
const CLOCK_SLACK_MS = 5 * 60 * 1000

/** How much later: the request, or the process that sends it, may be held up on the way. */
const MAX_DELAY_MS = 10 * 60 * 1000

/** An issue that shows up later than that is left alone. */
const KEPT_MS = 24 * 60 * 60 * 1000

/** The link with a create that is about to be sent. */
export const withCreate = (link: IssueLink, create: OpenCreate): IssueLink => {
  const kept = createsOf(link).filter(({ sentAt }) => sentAt > create.sentAt - KEPT_MS)
  return { ...link, openCreates: [...kept, create] }
}

/**
 * The link with what is known of a create by now. Undefined: nothing is left to be known, as it
 * made no issue, or its issue is the task's.
 */
export const withKnown = (
  link: IssueLink,
  { sentAt }: Pick<OpenCreate, 'sentAt'>,
  known: OpenCreate | undefined,
): IssueLink => {
  const others = createsOf(link).filter((create) => create.sentAt !== sentAt)
  const openCreates = known === undefined ? others : [...others, known]
  return { ...link, openCreates: openCreates.length === 0 ? null : openCreates }
}

/**
 * The create that an issue with the task's marker came from: known to be its own, or sent at that
 * time with that very title and body. Undefined for a copy, and for an issue that quotes the
 * marker.
 */
export const createOf = (link: IssueLink, issue: RemoteIssue): OpenCreate | undefined => {
  const known = createsOf(link).find(({ issueId }) => issueId === issue.id)
  if (known !== undefined) return known
  const digest = digestOf(issue)
  return createsAt(link, issue).find((create) => create.digest === digest)
}

/**
 * The link without the create that an adopted issue came from. An issue that a person has edited is
 * known by its time alone.
 */
export const withoutCreateOf = (link: IssueLink, issue: RemoteIssue): IssueLink => {
  const create = createOf(link, issue) ?? createsAt(link, issue)[0]
  return create === undefined ? link : withKnown(link, create, undefined)
}

const createsOf = ({ openCreates }: IssueLink): readonly OpenCreate[] => openCreates ?? []

/** The creates without an issue that can have opened one at that time, the closest first. */
const createsAt = (link: IssueLink, { createdAt }: RemoteIssue): OpenCreate[] =>
  createsOf(link)
    .filter(({ issueId, sentAt }) => issueId === undefined && isPossible(createdAt - sentAt))
    .sort((a, b) => Math.abs(createdAt - a.sentAt) - Math.abs(createdAt - b.sentAt))

const isPossible = (delay: number): boolean => delay >= -CLOCK_SLACK_MS && delay <= MAX_DELAY_MS
