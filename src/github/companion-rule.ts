import type { CompanionRule } from '../core/companion.ts'
import { type IssueLink, markOutOfSync, toCompanion, toLink } from './issue/issue-link.ts'

/**
 * How commits of tasks change their links. `githubNow` is the time at GitHub in milliseconds since
 * the epoch, null while it is not known. `newLink` makes the link of a new task; absent while
 * GitHub is off: then new tasks have none, but those that there are follow their tasks.
 */
export const createCompanionRule = (
  now: () => number,
  githubNow: () => number | null,
  newLink?: (taskId: string) => IssueLink,
): CompanionRule => ({
  start: newLink && ((taskId) => toCompanion(newLink(taskId))),
  follow: (companion, version, isDeleted) =>
    toCompanion(markOutOfSync(toLink(companion), version, isDeleted, now(), githubNow())),
})
