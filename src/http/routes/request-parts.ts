import type { FastifyReply, FastifyRequest } from 'fastify'
import type { StoredEntity } from '../../core/commit.ts'
import { taskId } from '../../core/entity.ts'
import { invalidInput } from '../../core/errors.ts'
import { includesVersion, toETag } from '../../core/preconditions.ts'
import { Type } from '../../core/typebox.ts'
import { PRECONDITION_HEADERS, readETags } from '../preconditions.ts'
import { JSON_TYPE } from '../send-list.ts'

/** What goes wrong with a body, with the database, and with a write. */
export const BODY_ERRORS = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const
export const DATABASE_ERRORS = ['database_unavailable', 'database_not_configured'] as const
export const WRITE_ERRORS = ['origin_not_allowed', ...DATABASE_ERRORS, 'outcome_unknown'] as const

export const entityId = (resource: string) =>
  Type.Object({ id: taskId(`The id of the ${resource}.`) })
export const TaskId = entityId('task')

const idempotencyKey = (description: string) => ({
  'idempotency-key': Type.Optional(
    Type.Refine(
      Type.String({ minLength: 1, maxLength: 200, description }),
      (key) => /^[\x20-\x7e]+$/.test(key),
      () => 'a text of 1 to 200 printable ASCII characters',
    ),
  ),
})

/** The key of a creation or a batch, and that of a change or a deletion. */
export const CREATION_KEY = idempotencyKey(
  'A text unique to this request, kept for 24 hours. A retry with the same key repeats nothing.',
)
const changeKey = (resource: string) =>
  idempotencyKey(
    `A text unique to this request on this ${resource}, kept for 24 hours. A retry with the same ` +
      `key changes nothing, whatever its preconditions, and gets the ${resource} as it is now. ` +
      `Up to 100 keys of one ${resource} are kept.`,
  )

/** The headers of a change or a deletion. */
export const changeHeaders = (resource: string) =>
  Type.Object({ ...changeKey(resource), ...PRECONDITION_HEADERS })

/** What a change may be refused for, beside its input. */
export const CHANGE_ERRORS = [
  ...WRITE_ERRORS,
  'not_found',
  'version_mismatch',
  'idempotency_key_reused',
  'too_many_keys',
] as const

export const IF_NONE_MATCH = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'The ETag of the version that the client already has.' }),
  ),
})

/** Answers with an entity and its ETag. */
export const sendEntity = (reply: FastifyReply, { version, json }: StoredEntity): FastifyReply =>
  reply.header('etag', toETag(version)).header('content-type', JSON_TYPE).send(json)

/** The same for a GET, whose If-None-Match may name the version that the client has. */
export const sendUnlessKnown = async (
  { headers }: FastifyRequest,
  reply: FastifyReply,
  read: () => Promise<StoredEntity>,
): Promise<FastifyReply> => {
  const known = readETags('If-None-Match', headers['if-none-match'])
  const entity = await read()
  const isKnown = known !== undefined && includesVersion(known, entity.version)
  if (!isKnown) return sendEntity(reply, entity)
  return reply.code(304).header('etag', toETag(entity.version)).send()
}

export const markReplay = (reply: FastifyReply, replayed: boolean): FastifyReply =>
  replayed ? reply.header('idempotent-replayed', 'true') : reply

/**
 * For writes that are safe to repeat and keep no key: a key is refused, not ignored, as it would
 * promise that a retry gets the same answer.
 */
export const refuseKey = async ({ headers }: FastifyRequest): Promise<void> => {
  if (headers['idempotency-key'] === undefined) return
  const detail = 'is not supported here: leave it out, this request is safe to repeat'
  throw invalidInput([{ pointer: '#/idempotency-key', detail }])
}
