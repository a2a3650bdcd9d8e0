import type { IssueLink } from '../issue/issue-link.ts'
import type { SyncStatus } from '../issue/task-sync.ts'
import type { LinkStore } from '../link-store.ts'

/**
 * How many are read and changed together: enough to share a wait for the disk, few enough to hold
 * with their texts.
 */
const PAGE = 50

/** Every link of a state, a page at a time. */
export async function* linkPages(
  links: Pick<LinkStore, 'links'>,
  status: SyncStatus,
): AsyncGenerator<readonly IssueLink[]> {
  let page = await links.links(status, undefined, PAGE)
  while (page.length > 0) {
    yield page
    page = page.length < PAGE ? [] : await links.links(status, page.at(-1)?.taskId, PAGE)
  }
}
