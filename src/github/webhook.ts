import type { Inbox, KeyValue, Message } from '../core/repository.ts'
import { LAST_DELIVERY } from './api/state-keys.ts'
import { isSigned } from './webhook-signature.ts'

/**
 * A message from GitHub that an issue has changed: a hint, as it may be late, twice or out of
 * order.
 */
export interface Delivery extends Message {
  readonly action: string
  readonly issueNumber: number
  readonly issueId: string
  readonly repositoryId: number
  /** The login of who did it. */
  readonly sender: string
}

/** A delivery as it came: https://docs.github.com/webhooks/webhook-events-and-payloads */
export interface RawDelivery {
  readonly id: string
  readonly event: string
  readonly signature: string | undefined
  /** The very bytes that were signed. */
  readonly body: Buffer
}

export type Receipt = 'taken' | 'not_ours' | 'unsigned' | 'malformed'

interface IssuesPayload {
  readonly action: string
  readonly issue: { readonly id: number; readonly number: number }
  readonly repository: { readonly id: number }
  /** Null for one whose account is gone. */
  readonly sender?: { readonly login: string } | null
}

export type Webhook = ReturnType<typeof createWebhook>

/**
 * Keeps what a delivery says until the worker follows it. It is a hint, so the one thing that
 * counts is which issue.
 */
export const createWebhook = (
  secrets: readonly string[],
  inbox: Inbox,
  values: KeyValue,
  wake: () => void,
  now: () => number,
) => ({
  async receive({ id, event, signature, body }: RawDelivery): Promise<Receipt> {
    if (!isSigned(body, signature, secrets)) return 'unsigned'
    if (event !== 'issues') return 'not_ours'
    const payload = parse(body)
    if (payload === undefined) return 'malformed'
    const at = now()
    await Promise.all([
      inbox.add(toDelivery(id, body, payload, at)),
      values.write(LAST_DELIVERY, at),
    ])
    wake()
    return 'taken'
  },
})

/** GitHub's name for a deleted account. */
const GHOST = 'ghost'

const toDelivery = (
  id: string,
  body: Buffer,
  payload: IssuesPayload,
  receivedAt: number,
): Delivery => ({
  id,
  action: payload.action,
  issueNumber: payload.issue.number,
  issueId: exactIssueId(body) ?? String(payload.issue.id),
  repositoryId: payload.repository.id,
  sender: payload.sender?.login ?? GHOST,
  receivedAt,
})

/**
 * An id that passes 2^53 is read from the text, as a number would lose its end. It is the first
 * `id` of the issue, and what stands before it are texts, which may hold braces (`labels{/name}`).
 */
const exactIssueId = (body: Buffer): string | undefined =>
  /"issue":\s*\{(?:"(?:[^"\\]|\\.)*"|[^{}"])*?"id":\s*(\d+)/.exec(body.toString())?.[1]

const parse = (body: Buffer): IssuesPayload | undefined => {
  try {
    const payload = JSON.parse(body.toString()) as Partial<IssuesPayload>
    const isWhole = [payload.issue?.id, payload.issue?.number, payload.repository?.id].every(
      Number.isFinite,
    )
    return isWhole && typeof payload.action === 'string' ? (payload as IssuesPayload) : undefined
  } catch {
    return undefined
  }
}
