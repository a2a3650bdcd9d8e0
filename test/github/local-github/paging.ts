import type { Answer } from './answer.ts'
import { type Call, toPathById } from './call.ts'
import type { Repository } from './records.ts'

const MAX_PER_PAGE = 100

/** One page, and the way to the others: GitHub's links name the repository by its id. */
export const answerPage = <T>(
  call: Call,
  repository: Repository,
  items: readonly T[],
  present: (item: T) => unknown,
): Answer => {
  const size = Math.min(Math.max(Number(call.parameters.per_page ?? 30), 1), MAX_PER_PAGE)
  const page = Math.max(Number(call.parameters.page ?? 1), 1)
  const last = Math.max(Math.ceil(items.length / size), 1)
  const link = (to: number, relation: string): string => {
    const url = new URL(`${call.api}${toPathById(call, repository)}`)
    url.searchParams.set('page', String(to))
    return `<${url.href}>; rel="${relation}"`
  }
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ]
  const body = items.slice((page - 1) * size, page * size).map(present)
  return { status: 200, body, ...(links.length > 0 && { headers: { link: links.join(', ') } }) }
}
