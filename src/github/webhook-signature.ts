import { createHmac, timingSafeEqual } from 'node:crypto'

const SIGNATURE = /^sha256=([0-9a-f]{64})$/

/**
 * Whether a delivery is signed with one of the secrets.
 *
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 *
 * @param body the raw bytes as received: parsing and serialising again would change them
 * @param signature the header X-Hub-Signature-256: `sha256=` and the HMAC-SHA256 of the body in
 * lower-case hex
 * @param secrets the current one and, while it is being replaced, the former. An empty one lets
 * nobody in
 */
export const isSigned = (
  body: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
): boolean => {
  const [, hex] = SIGNATURE.exec(signature ?? '') ?? []
  if (hex === undefined) return false
  const given = Buffer.from(hex, 'hex')
  /** Each is tried, so that the time does not tell which one fits. */
  return secrets
    .filter((secret) => secret !== '')
    .map((secret) => timingSafeEqual(given, createHmac('sha256', secret).update(body).digest()))
    .includes(true)
}
