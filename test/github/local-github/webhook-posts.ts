import { createHmac } from 'node:crypto'

/** One event as it is posted. Sent twice it bears the same id, as GitHub's redeliveries do. */
export interface Delivery {
  readonly id: string
  readonly event: string
  readonly action: string | undefined
  readonly repository: string
  readonly issueNumber: number | undefined
  readonly sender: string
  readonly at: number
  /** The exact bytes that are posted and signed. */
  readonly text: string
}

/** `good` by the secret, `former` by the one before it, `bad` by neither, `none` leaves the header out. */
export type Signature = 'good' | 'former' | 'bad' | 'none'

export interface Secrets {
  readonly secret?: string
  readonly formerSecret?: string
}

export interface DeliveryAnswer {
  readonly delivery: Delivery
  /** Undefined when nobody answered. */
  readonly status: number | undefined
  readonly text: string
}

/** GitHub waits no longer. */
const PATIENCE_MS = 10_000

export const sign = (text: string, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`

const toSignature = (text: string, kind: Signature, secrets: Secrets): Record<string, string> => {
  if (kind === 'none' || (kind === 'good' && secrets.secret === undefined)) return {}
  const secret = { good: secrets.secret, former: secrets.formerSecret, bad: 'not the secret' }[kind]
  if (secret === undefined) throw new Error(`this GitHub was given no ${kind} secret`)
  return { 'x-hub-signature-256': sign(text, secret) }
}

/** Posts it as GitHub does. */
export const post = async (
  url: string,
  delivery: Delivery,
  signature: Signature,
  secrets: Secrets,
): Promise<DeliveryAnswer> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: delivery.text,
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/7f4a9c1',
        'x-github-delivery': delivery.id,
        'x-github-event': delivery.event,
        'x-github-hook-id': '1',
        'x-github-hook-installation-target-type': 'repository',
        ...toSignature(delivery.text, signature, secrets),
      },
    })
    return { delivery, status: response.status, text: await response.text() }
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('this GitHub')) throw error
    return { delivery, status: undefined, text: String(error) }
  }
}
