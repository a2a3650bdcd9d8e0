import type { TableEntity } from '../core/entity.ts'
import { recordEventSchema } from '../core/event-schema.ts'
import type { RecordType } from '../core/record.ts'
import type { RecordService } from '../core/record-service.ts'
import type { Feature } from './app.ts'
import { addEntityRoutes, addHistoryRoute, type Resource } from './entity-routes.ts'
import { readRecordQuery, recordListQuery, toRecordCursor } from './record-list.ts'
import { DATABASE_ERRORS } from './routes/request-parts.ts'
import { toList } from './send-list.ts'

/** Serves a kind of record as tasks are served. `path` is that of the list, such as `/notes`. */
export const createRecordFeature = <E extends TableEntity, D, P>(
  { kind, name, table, parent, unique }: RecordType<E, D, P>,
  service: RecordService<E, D, P>,
  path: string,
): Feature => {
  const resource: Resource = {
    ...service,
    kind,
    name,
    path,
    schemas: {
      ...table,
      event: recordEventSchema(kind, name),
      query: recordListQuery(kind, parent),
    },
    about: {
      create: 'With an Idempotency-Key a retry gets the first response.',
      list: `The ${kind}s in the order of their creation, as one array; with \`limit\` in pages.`,
    },
    errors: {
      write: unique === undefined ? [] : ['already_exists'],
      list: DATABASE_ERRORS,
    },
    toList: (query) =>
      toList(service, readRecordQuery(kind, parent, query), (id) => toRecordCursor(kind, id)),
  }
  return {
    addRoutes(app, readContext) {
      addEntityRoutes(app, resource, readContext)
      addHistoryRoute(app, resource)
    },
  }
}
