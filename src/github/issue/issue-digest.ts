import { createHash } from 'node:crypto'
import type { IssueState } from './issue-mapping.ts'

/**
 * A digest of what an issue says, its marker included: equal for two issues of the same title and
 * body, however lines end.
 */
export const digestOf = ({ title, body }: Pick<IssueState, 'title' | 'body'>): string => {
  const texts = [title.trim(), body.replaceAll(/\r\n?/g, '\n').trimEnd()]
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url')
}
