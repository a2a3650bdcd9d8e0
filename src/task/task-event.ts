import type { RequestContext } from '../core/context.ts'
import { notBefore, type TableEntity, taskId, trackedFields } from '../core/entity.ts'
import {
  type Changes,
  changesBetween,
  createdChanges,
  deletedChanges,
  type NewEvent,
  newEvent,
} from '../core/event.ts'
import { eventEnd, eventStart, eventVersion } from '../core/event-schema.ts'
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

/** One line of a task's history: what changed, when, by whom. */
export const TaskEvent = Type.Object(
  {
    ...eventStart,
    type: TaskEventType,
    resource: Type.Literal('task', { description: 'The kind of what changed.' }),
    resource_id: taskId('The id of the task.'),
    version: eventVersion,
    task_id: taskId('The id of the task.'),
    ...eventEnd,
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
  const changes = changesBetween(before, after)
  const isOfTracker =
    by.actor.type === 'github' && Object.keys(changes).every((field) => LINK_FIELDS.has(field))
  const trackerChange = Object.keys(overruled).length > 0 ? 'task.conflict_resolved' : 'task.linked'
  return newEvent(after, by, {
    type: isOfTracker ? trackerChange : typeOf(before, after),
    time: after.updated_at,
    changes: { ...changes, ...overruled },
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
