import type { RequestContext } from './context.ts'
import { type Changes, createdChanges, deletedChanges, type NewEvent, newEvent } from './event.ts'
import { eventEnd, eventStart, eventVersion } from './event-schema.ts'
import { changedFields, type Task, TRACKED_FIELDS, type TrackedField, taskId } from './task.ts'
import { Type } from './typebox.ts'

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

export const createdEvent = (task: Task, by: By): NewEvent =>
  newEvent('task', task, by, {
    what: 'created',
    time: task.created_at,
    changes: createdChanges(trackedValues(task)),
  })

/** `now` is an RFC 3339 instant in UTC. */
export const deletedEvent = (task: Task, by: By, now: string): NewEvent =>
  newEvent('task', { id: task.id, version: task.version + 1 }, by, {
    what: 'deleted',
    time: now > task.updated_at ? now : task.updated_at,
    changes: deletedChanges(trackedValues(task)),
  })

/** `overruled`: values of the issue that were discarded, with those that were kept instead. */
export const changedEvent = (
  before: Task,
  after: Task,
  by: By,
  overruled: Changes = {},
): NewEvent => {
  const fields = changedFields(before, after)
  const changes = fields.map((field) => [field, { before: before[field], after: after[field] }])
  return newEvent('task', after, by, {
    what: fields.length === 0 ? 'conflict_resolved' : changeOf(before, after, fields, by),
    time: after.updated_at,
    changes: { ...Object.fromEntries(changes), ...overruled },
  })
}

const LINK_FIELDS: ReadonlySet<TrackedField> = new Set(['external_reference_id', 'external_url'])

const changeOf = (
  before: Task,
  after: Task,
  fields: readonly TrackedField[],
  { actor }: By,
): string => {
  if (before.status !== after.status) {
    if (after.status === 'completed') return 'completed'
    if (before.status === 'completed') return 'reopened'
  }
  const isLinking = actor.type === 'github' && fields.every((field) => LINK_FIELDS.has(field))
  return isLinking ? 'linked' : 'updated'
}

const trackedValues = (task: Task): Record<string, unknown> =>
  Object.fromEntries(TRACKED_FIELDS.map((field) => [field, task[field]]))
