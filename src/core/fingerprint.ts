import { createHash } from 'node:crypto'

/**
 * A digest of what a request asks for, so that a retry is known whatever the order of its fields or
 * its white space. `purpose` keeps two kinds of request with equal bodies apart.
 */
export const toFingerprint = (purpose: string, body: unknown): string =>
  createHash('sha256').update(purpose).update('\n').update(canonical(body)).digest('base64url')

/**
 * JSON with the members of each object sorted by name. The body was validated, so it is shallow.
 */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) => (isRecord(member) ? sorted(member) : member))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const sorted = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
