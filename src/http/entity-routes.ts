import type { TSchema } from 'typebox'
import type { ChunkReader } from '../core/chunk-reader.ts'
import type { StoredEntity } from '../core/commit.ts'
import type { RequestContext } from '../core/context.ts'
import type { Written } from '../core/outcome.ts'
import type { Preconditions } from '../core/preconditions.ts'
import { Type } from '../core/typebox.ts'
import { NO_BODY } from './body.ts'
import { emptyResponse, headersOf, jsonResponse, problemsOf } from './openapi.ts'
import { readPreconditions } from './preconditions.ts'
import type { ProblemCode } from './problem.ts'
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
import { type List, sendHistory, sendList } from './send-list.ts'
import type { App } from './typed-app.ts'

/** Entities of a kind as HTTP serves them. Drafts, changes and queries have been validated. */
export interface Resource {
  /** One word, such as `task`. */
  readonly kind: string
  /** The name of its schemas, such as `Task`. */
  readonly name: string
  /** The path of the list, such as `/tasks`; without its slash, the tag of its operations. */
  readonly path: string
  readonly schemas: Readonly<Record<'entity' | 'draft' | 'patch' | 'event' | 'query', TSchema>>
  readonly about: { readonly create: string; readonly list: string }
  readonly errors: {
    /** Of creations and changes, beside those of every resource. */
    readonly write: readonly ProblemCode[]
    readonly list: readonly ProblemCode[]
  }
  get(id: string): Promise<StoredEntity>
  toList(query: never): List
  create(context: RequestContext, draft: never): Promise<Written>
  update(
    context: RequestContext,
    id: string,
    patch: never,
    preconditions: Preconditions,
  ): Promise<Written>
  remove(
    context: RequestContext,
    id: string,
    preconditions: Preconditions,
  ): Promise<{ readonly replayed: boolean }>
  history(id: string): ChunkReader
}

/** Adds what every resource has, but for its history. */
export const addEntityRoutes = (app: App, resource: Resource, readContext: ReadContext): void => {
  addCreate(app, resource, readContext)
  addList(app, resource)
  addGet(app, resource)
  for (const method of ['PUT', 'PATCH'] as const) addUpdate(app, resource, readContext, method)
  addDelete(app, resource, readContext)
}

const addCreate = (app: App, resource: Resource, readContext: ReadContext): void => {
  const { kind, name, path, schemas, about, errors } = resource
  const { location, etag, replayed } = headersOf(kind)
  app.post(
    path,
    {
      config: { resource: kind },
      schema: {
        operationId: `create${name}`,
        tags: [path.slice(1)],
        summary: `Create a ${kind}`,
        description: about.create,
        headers: Type.Object(CREATION_KEY),
        body: schemas.draft,
        response: {
          201: jsonResponse(`The new ${kind}`, schemas.entity, {
            ...location,
            ...etag,
            ...replayed,
          }),
          ...problemsOf(
            kind,
            ...BODY_ERRORS,
            ...WRITE_ERRORS,
            ...errors.write,
            'idempotency_key_reused',
          ),
        },
      },
    },
    async (request, reply) => {
      const context = readContext(request, `POST ${path}`, request.body)
      const { entity, replayed } = await resource.create(context, request.body as never)
      const place = `${request.pathPrefix}${path}/${entity.id}`
      return sendEntity(markReplay(reply, replayed).code(201).header('location', place), entity)
    },
  )
}

const addList = (
  app: App,
  { kind, name, path, schemas, about, errors, toList }: Resource,
): void => {
  app.get(
    path,
    {
      schema: {
        operationId: `list${name}s`,
        tags: [path.slice(1)],
        summary: `List ${kind}s`,
        description: about.list,
        querystring: schemas.query,
        response: {
          200: jsonResponse(`The ${kind}s`, Type.Array(schemas.entity), headersOf(kind).link),
          ...problemsOf(kind, ...errors.list),
        },
      },
    },
    (request, reply) => sendList(request, reply, toList(request.query as never)),
  )
}

const addGet = (app: App, { kind, name, path, schemas, get }: Resource): void => {
  const { etag } = headersOf(kind)
  app.get(
    `${path}/:id`,
    {
      schema: {
        operationId: `get${name}`,
        tags: [path.slice(1)],
        summary: `Get a ${kind}`,
        description: `With If-None-Match the response is 304 if the ${kind} has not changed.`,
        params: entityId(kind),
        headers: IF_NONE_MATCH,
        response: {
          200: jsonResponse(`The ${kind}`, schemas.entity, etag),
          304: emptyResponse(`The ${kind} has not changed`, etag),
          ...problemsOf(kind, ...DATABASE_ERRORS, 'not_found'),
        },
      },
    },
    (request, reply) => sendUnlessKnown(request, reply, () => get(request.params.id)),
  )
}

/** PUT and PATCH mean the same, so one is a retry of the other. */
const addUpdate = (
  app: App,
  resource: Resource,
  readContext: ReadContext,
  method: 'PUT' | 'PATCH',
): void => {
  const { kind, name, path, schemas, errors } = resource
  const { etag, replayed } = headersOf(kind)
  const verb = method === 'PUT' ? 'Update' : 'Patch'
  app.route({
    method,
    url: `${path}/:id`,
    schema: {
      operationId: `${verb.toLowerCase()}${name}`,
      tags: [path.slice(1)],
      summary: `${verb} a ${kind}`,
      description:
        'PUT and PATCH do the same: a given field is set, an absent field keeps its value, ' +
        'and null clears a nullable field. A request that changes nothing writes nothing. ' +
        'With an Idempotency-Key the request is safe to retry, by either method.',
      ...(method === 'PATCH' && { consumes: ['application/merge-patch+json', 'application/json'] }),
      params: entityId(kind),
      headers: changeHeaders(kind),
      body: schemas.patch,
      response: {
        200: jsonResponse(`The updated ${kind}`, schemas.entity, { ...etag, ...replayed }),
        ...problemsOf(kind, ...BODY_ERRORS, ...CHANGE_ERRORS, ...errors.write),
      },
    },
    handler: async (request, reply) => {
      const { params, body, headers } = request
      const context = readContext(request, `PATCH ${path}/{id}`, body)
      const preconditions = readPreconditions(headers)
      const written = await resource.update(context, params.id, body as never, preconditions)
      return sendEntity(markReplay(reply, written.replayed), written.entity)
    },
  })
}

const addDelete = (app: App, resource: Resource, readContext: ReadContext): void => {
  const { kind, name, path } = resource
  app.delete(
    `${path}/:id`,
    {
      schema: {
        operationId: `delete${name}`,
        tags: [path.slice(1)],
        summary: `Delete a ${kind}`,
        description:
          `Deletes the ${kind} and keeps its history. ` +
          'With an Idempotency-Key a retry is 204 again.',
        params: entityId(kind),
        headers: changeHeaders(kind),
        body: NO_BODY,
        response: {
          204: emptyResponse(`The ${kind} was deleted`, headersOf(kind).replayed),
          ...problemsOf(kind, ...BODY_ERRORS, ...CHANGE_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { params, headers } = request
      const context = readContext(request, `DELETE ${path}/{id}`, null)
      const preconditions = readPreconditions(headers)
      const { replayed } = await resource.remove(context, params.id, preconditions)
      return markReplay(reply, replayed).code(204).send()
    },
  )
}

export const addHistoryRoute = (app: App, { kind, name, path, schemas, history }: Resource) => {
  app.get(
    `${path}/:id/events`,
    {
      schema: {
        operationId: `list${name}Events`,
        tags: [path.slice(1)],
        summary: `Read a ${kind}'s history`,
        description: `All changes of the ${kind}, oldest first. The history of a deleted ${kind} is kept.`,
        params: entityId(kind),
        response: {
          200: jsonResponse('The events', Type.Array(schemas.event)),
          ...problemsOf(kind, 'not_found', ...DATABASE_ERRORS),
        },
      },
    },
    (request, reply) => sendHistory(request, reply, history(request.params.id)),
  )
}
