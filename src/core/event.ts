import type { Static } from 'typebox'
import { changedFields, type Entity, taskId, trackedFields } from './entity.ts'
import { Type } from './typebox.ts'

export const TaskEventType = Type.Enum(
  [
    'task.created',
    'task.updated',
    'task.completed',
    'task.reopened',
    'task.deleted',
    'task.conflict_resolved',
  ],
  {
    type: 'string',
    description:
      'What happened. `task.conflict_resolved`: a field was changed both here and in the ' +
      'GitHub issue; `before` is the discarded value of the issue, `after` the kept value.',
  },
)
export type TaskEventType = Static<typeof TaskEventType>

const FieldChange = Type.Object(
  {
    before: Type.Unknown({ description: 'The value before; null for a new task.' }),
    after: Type.Unknown({ description: 'The value after; null for a deleted task.' }),
  },
  { title: 'FieldChange', additionalProperties: false },
)

/** One line of a task's history: what changed, when, by whom. */
export const TaskEvent = Type.Object(
  {
    sequence: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      description:
        'The position of the event among all events of this service, without gaps. On MongoDB ' +
        'it is null for a moment until it is assigned.',
    }),
    type: TaskEventType,
    task_id: taskId('The id of the task.'),
    time: Type.String({ format: 'date-time', description: 'When it happened.' }),
    actor: Type.String({
      description: 'Who made the change: `api`, or `github:LOGIN` for a change made at GitHub.',
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
        type: 'task.updated',
        task_id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e',
        time: '2026-03-02T10:30:00.000Z',
        actor: 'api',
        changes: { priority: { before: 'medium', after: 'high' } },
      },
    ],
  },
)

type Changes = Record<string, { before: unknown; after: unknown }>

/** An event as a commit bears it: its sequence is given by the store. */
export interface NewTaskEvent {
  readonly type: TaskEventType
  readonly task_id: string
  readonly time: string
  readonly actor: string
  readonly changes: Changes
}

export const createdEvent = (task: Entity, actor: string): NewTaskEvent => ({
  type: 'task.created',
  task_id: task.id,
  time: task.created_at,
  actor,
  changes: fromEach(task, (value) => ({ before: null, after: value })),
})

export const deletedEvent = (task: Entity, actor: string, now: string): NewTaskEvent => ({
  type: 'task.deleted',
  task_id: task.id,
  time: now > task.updated_at ? now : task.updated_at,
  actor,
  changes: fromEach(task, (value) => ({ before: value, after: null })),
})

export const changedEvent = (before: Entity, after: Entity, actor: string): NewTaskEvent => ({
  type: changeType(before, after),
  task_id: after.id,
  time: after.updated_at,
  actor,
  changes: Object.fromEntries(
    changedFields(before, after).map((field) => [
      field,
      { before: before[field], after: after[field] },
    ]),
  ),
})

const changeType = (before: Entity, after: Entity): TaskEventType => {
  if (before.status === after.status) return 'task.updated'
  if (after.status === 'completed') return 'task.completed'
  return before.status === 'completed' ? 'task.reopened' : 'task.updated'
}

const fromEach = (
  task: Entity,
  toChange: (value: unknown) => { before: unknown; after: unknown },
): Changes => {
  const changes: Changes = {}
  for (const field of trackedFields(task))
    if (task[field] !== null) changes[field] = toChange(task[field])
  return changes
}
