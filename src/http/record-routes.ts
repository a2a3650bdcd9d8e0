import type { Entity } from '../core/entity.ts'
import { recordEventSchema } from '../core/event-schema.ts'
import type { RecordType } from '../core/record.ts'
import type { RecordService } from '../core/record-service.ts'
import { Type } from '../core/typebox.ts'
import type { Feature } from './app.ts'
import { NO_BODY } from './body.ts'
import { answer, emptyAnswer, headersOf, problemsOf } from './openapi.ts'
import { readPreconditions } from './preconditions.ts'
import { readRecordQuery, recordListQuery } from './record-list.ts'
import type { ReadContext } from './request-context.ts'
import {
  BODY_ERRORS,
  CHANGE_ERRORS,
  CREATION_KEY,
  changeHeaders,
  DATABASE_ERRORS,
  entityId,
  IF_NONE_MATCH,
  markReplay,
  sendEntity,
  sendUnlessKnown,
  WRITE_ERRORS,
} from './routes/request-parts.ts'
import { sendHistory, sendList } from './send-list.ts'
import type { App } from './typed-app.ts'

/** Where the records of a kind are served. */
export interface RecordPlace<E extends Entity, D, P> {
  readonly type: RecordType<E, D, P>
  readonly service: RecordService<D, P>
  /** The path of the list, such as `/notes`; without its slash, the tag of its operations. */
  readonly path: string
}

/** Serves a kind of record as tasks are served. */
export const createRecordFeature = <E extends Entity, D, P>(
  place: RecordPlace<E, D, P>,
): Feature => ({
  addRoutes(app, readContext) {
    addCreate(app, readContext, place)
    addList(app, place)
    addGet(app, place)
    addUpdates(app, readContext, place)
    addDelete(app, readContext, place)
    addHistory(app, place)
  },
})

/** What the operations of a kind have in common. `Name` is that of its schemas. */
const describe = <E extends Entity, D, P>({ type, path }: RecordPlace<E, D, P>) => {
  const { kind, table } = type
  return {
    kind,
    Name: (table.entity as { readonly title?: string }).title ?? kind,
    tags: [path.slice(1)],
    one: `${path}/:id`,
    purpose: `${path}/{id}`,
    headers: headersOf(kind),
    problems: (...codes: Parameters<typeof problemsOf>[1][]) => problemsOf(kind, ...codes),
    unique: type.unique === undefined ? [] : (['already_exists'] as const),
  }
}

const addCreate = <E extends Entity, D, P>(
  app: App,
  readContext: ReadContext,
  place: RecordPlace<E, D, P>,
): void => {
  const { type, service, path } = place
  const { kind, Name, tags, headers, problems, unique } = describe(place)
  app.post(
    path,
    {
      config: { resource: kind },
      schema: {
        operationId: `create${Name}`,
        tags,
        summary: `Create a ${kind}`,
        description: 'With an Idempotency-Key a retry gets the first response.',
        headers: Type.Object(CREATION_KEY),
        body: type.table.draft,
        response: {
          201: answer(`The new ${kind}`, type.table.entity, {
            ...headers.location,
            ...headers.etag,
            ...headers.replayed,
          }),
          ...problems(...BODY_ERRORS, ...WRITE_ERRORS, ...unique, 'idempotency_key_reused'),
        },
      },
    },
    async (request, reply) => {
      const context = readContext(request, `POST ${path}`, request.body)
      const { record, replayed } = await service.create(context, request.body as D)
      const location = `${request.pathPrefix}${path}/${record.id}`
      return sendEntity(markReplay(reply, replayed).code(201).header('location', location), record)
    },
  )
}

const addList = <E extends Entity, D, P>(app: App, place: RecordPlace<E, D, P>): void => {
  const { type, service, path } = place
  const { kind, Name, tags, headers, problems } = describe(place)
  app.get(
    path,
    {
      schema: {
        operationId: `list${Name}s`,
        tags,
        summary: `List ${kind}s`,
        description: `The ${kind}s in the order of their creation, as one array; with \`limit\` in pages.`,
        querystring: recordListQuery(kind, type.parent),
        response: {
          200: answer(`The ${kind}s`, Type.Array(type.table.entity), headers.link),
          ...problems(...DATABASE_ERRORS),
        },
      },
    },
    (request, reply) => {
      const asked = readRecordQuery(kind, type.parent, request.query)
      return sendList(request, reply, { reads: service, ...asked })
    },
  )
}

const addGet = <E extends Entity, D, P>(app: App, place: RecordPlace<E, D, P>): void => {
  const { type, service } = place
  const { kind, Name, tags, one, headers, problems } = describe(place)
  app.get(
    one,
    {
      schema: {
        operationId: `get${Name}`,
        tags,
        summary: `Get a ${kind}`,
        description: `With If-None-Match the response is 304 if the ${kind} has not changed.`,
        params: entityId(kind),
        headers: IF_NONE_MATCH,
        response: {
          200: answer(`The ${kind}`, type.table.entity, headers.etag),
          304: emptyAnswer(`The ${kind} has not changed`, headers.etag),
          ...problems(...DATABASE_ERRORS, 'not_found'),
        },
      },
    },
    (request, reply) => sendUnlessKnown(request, reply, () => service.get(request.params.id)),
  )
}

/** PUT and PATCH mean the same, so one is a retry of the other. */
const addUpdates = <E extends Entity, D, P>(
  app: App,
  readContext: ReadContext,
  place: RecordPlace<E, D, P>,
): void => {
  const { type, service } = place
  const { kind, Name, tags, one, purpose, headers, problems, unique } = describe(place)
  for (const method of ['PUT', 'PATCH'] as const) {
    const verb = method === 'PUT' ? 'Update' : 'Patch'
    app.route({
      method,
      url: one,
      schema: {
        operationId: `${verb.toLowerCase()}${Name}`,
        tags,
        summary: `${verb} a ${kind}`,
        description:
          'PUT and PATCH do the same: a given field is set, an absent field keeps its value, ' +
          'and null clears a nullable field. A request that changes nothing writes nothing. ' +
          'With an Idempotency-Key the request is safe to retry, by either method.',
        ...(method === 'PATCH' && {
          consumes: ['application/merge-patch+json', 'application/json'],
        }),
        params: entityId(kind),
        headers: changeHeaders(kind),
        body: type.table.patch,
        response: {
          200: answer(`The updated ${kind}`, type.table.entity, {
            ...headers.etag,
            ...headers.replayed,
          }),
          ...problems(...BODY_ERRORS, ...CHANGE_ERRORS, ...unique),
        },
      },
      handler: async (request, reply) => {
        const { params, body, headers: given } = request
        const context = readContext(request, `PATCH ${purpose}`, body)
        const preconditions = readPreconditions(given)
        const updated = await service.update(context, params.id, body as P, preconditions)
        return sendEntity(markReplay(reply, updated.replayed), updated.record)
      },
    })
  }
}

const addDelete = <E extends Entity, D, P>(
  app: App,
  readContext: ReadContext,
  place: RecordPlace<E, D, P>,
): void => {
  const { kind, Name, tags, one, purpose, headers, problems } = describe(place)
  app.delete(
    one,
    {
      schema: {
        operationId: `delete${Name}`,
        tags,
        summary: `Delete a ${kind}`,
        description:
          `Deletes the ${kind} and keeps its history. ` +
          'With an Idempotency-Key a retry is 204 again.',
        params: entityId(kind),
        headers: changeHeaders(kind),
        body: NO_BODY,
        response: {
          204: emptyAnswer(`The ${kind} was deleted`, headers.replayed),
          ...problems(...BODY_ERRORS, ...CHANGE_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { params, headers: given } = request
      const context = readContext(request, `DELETE ${purpose}`, null)
      const preconditions = readPreconditions(given)
      const { replayed } = await place.service.remove(context, params.id, preconditions)
      return markReplay(reply, replayed).code(204).send()
    },
  )
}

const addHistory = <E extends Entity, D, P>(app: App, place: RecordPlace<E, D, P>): void => {
  const { kind, Name, tags, one, problems } = describe(place)
  app.get(
    `${one}/events`,
    {
      schema: {
        operationId: `list${Name}Events`,
        tags,
        summary: `Read a ${kind}'s history`,
        description: `All changes of the ${kind}, oldest first. The history of a deleted ${kind} is kept.`,
        params: entityId(kind),
        response: {
          200: answer('The events', Type.Array(recordEventSchema(kind, Name))),
          ...problems('not_found', 'database_unavailable', 'database_not_configured'),
        },
      },
    },
    (request, reply) => sendHistory(request, reply, place.service.history(request.params.id)),
  )
}
