import type { RequestContext } from '../core/context.ts'
import {
  changedFields,
  notBefore,
  type TableEntity,
  taskId,
  trackedFields,
} from '../core/entity.ts'
import {
  type Changes,
  createdChanges,
  deletedChanges,
  type NewEvent,
  newEvent,
} from '../core/event.ts'
import { Type } from '../core/typebox.ts'

const TaskEventType = Type.Enum(
  [
    'task.created',
    'task.updated',
    'task.completed',
    'task.reopened',
    'task.linked',
    'task.deleted',
    'task.conflict_resolved',
  ],
  {
    type: 'string',
    description:
      'What happened. `task.linked`: the task got the id and URL of its issue. ' +
      '`task.conflict_resolved`: a field was changed both here and in the ' +
      'GitHub issue; `before` is the discarded value of the issue, `after` the kept value.',
  },
)

const FieldChange = Type.Object(
  {
    before: Type.Unknown({ description: 'The value before; null for a new task.' }),
    after: Type.Unknown({ description: 'The value after; null for a deleted task.' }),
  },
  { title: 'FieldChange', additionalProperties: false },
)

const nullableText = (description: string) =>
  Type.Union([Type.String(), Type.Null()], { description })

const EventActor = Type.Object(
  {
    type: Type.Enum(['api', 'user', 'agent', 'github', 'system'], {
      type: 'string',
      description: 'Who made the change. `api`: a client without log-in.',
    }),
    id: Type.Union([taskId('The id of the user or agent.'), Type.Null()], {
      description: 'The id of the user or agent; otherwise null.',
    }),
    name: nullableText('The name, such as the GitHub login; null if it is not known.'),
  },
  { title: 'Actor', additionalProperties: false },
)

/** One line of a task's history: what changed, when, by whom. */
export const TaskEvent = Type.Object(
  {
    sequence: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description:
        'The position of the event among all events of this service, without gaps. On MongoDB ' +
        'it is null for a moment until it is assigned.',
    }),
    id: taskId('The id of the event.'),
    type: TaskEventType,
    resource: Type.Literal('task', { description: 'The kind of what changed.' }),
    resource_id: taskId('The id of the task.'),
    version: Type.Integer({
      minimum: 1,
      description: 'The version that the change led to. A deletion counts as a version.',
    }),
    task_id: taskId('The id of the task.'),
    time: Type.String({ format: 'date-time', description: 'When it happened.' }),
    actor: EventActor,
    operation_id: Type.Union([Type.String({ format: 'uuid' }), Type.Null()], {
      description:
        'The request that made the change, as in its `Operation-Id` header; all events of one ' +
        'request share it. Null on events of version 0.1.0.',
    }),
    changes: Type.Record(Type.String(), FieldChange, {
      description: 'The changed fields by name, each with its value before and after.',
    }),
  },
  {
    title: 'TaskEvent',
    additionalProperties: false,
    examples: [
      {
        sequence: 42,
        id: '0192a0c0-7b1a-8c3e-9f52-6f1d2b3c4d60',
        type: 'task.updated',
        resource: 'task',
        resource_id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e',
        version: 2,
        task_id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e',
        time: '2026-03-02T10:30:00.000Z',
        actor: { type: 'api', id: null, name: null },
        operation_id: '5b3f7c1e-2f0a-4a57-8e0b-9a3c1d2e4f60',
        changes: { priority: { before: 'medium', after: 'high' } },
      },
    ],
  },
)

type By = Pick<RequestContext, 'actor' | 'operationId'>

export const createdEvent = (task: TableEntity, by: By): NewEvent =>
  newEvent(task, by, {
    type: 'task.created',
    time: task.created_at,
    changes: createdChanges(task, trackedFields(task)),
  })

/** `now` is an RFC 3339 instant in UTC. */
export const deletedEvent = (task: TableEntity, by: By, now: string): NewEvent =>
  newEvent({ id: task.id, version: task.version + 1 }, by, {
    type: 'task.deleted',
    time: notBefore(task, now),
    changes: deletedChanges(task, trackedFields(task)),
  })

/** `overruled`: values of the issue that were discarded, with those that were kept instead. */
export const changedEvent = (
  before: TableEntity,
  after: TableEntity,
  by: By,
  overruled: Changes = {},
): NewEvent => {
  const fields = changedFields(before, after)
  const isOfTracker = by.actor.type === 'github' && fields.every((field) => LINK_FIELDS.has(field))
  const trackerChange = Object.keys(overruled).length > 0 ? 'task.conflict_resolved' : 'task.linked'
  const changes = fields.map((field) => [field, { before: before[field], after: after[field] }])
  return newEvent(after, by, {
    type: isOfTracker ? trackerChange : typeOf(before, after),
    time: after.updated_at,
    changes: { ...Object.fromEntries(changes), ...overruled },
  })
}

const LINK_FIELDS: ReadonlySet<string> = new Set(['external_reference_id', 'external_url'])

const typeOf = (before: TableEntity, after: TableEntity): string => {
  if (before.status !== after.status) {
    if (after.status === 'completed') return 'task.completed'
    if (before.status === 'completed') return 'task.reopened'
  }
  return 'task.updated'
}
