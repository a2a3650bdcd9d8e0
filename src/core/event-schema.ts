import { taskId } from './entity.ts'
import { Type } from './typebox.ts'

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

/** The parts of an event's schema before and after the ids of its entity. */
export const eventStart = {
  sequence: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description:
      'The position of the event among all events of this service, without gaps. On MongoDB ' +
      'it is null for a moment until it is assigned.',
  }),
  id: taskId('The id of the event.'),
}

export const eventVersion = Type.Integer({
  minimum: 1,
  description: 'The version that the change led to. A deletion counts as a version.',
})

export const eventEnd = {
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
}

/** One line of a record's history. `title` is the name of the record's schema. */
export const recordEventSchema = (kind: string, title: string) =>
  Type.Object(
    {
      ...eventStart,
      type: Type.Enum([`${kind}.created`, `${kind}.updated`, `${kind}.deleted`], {
        type: 'string',
        description: 'What happened.',
      }),
      resource: Type.Literal(kind, { description: 'The kind of what changed.' }),
      resource_id: taskId(`The id of the ${kind}.`),
      version: eventVersion,
      ...eventEnd,
    },
    { title: `${title}Event`, additionalProperties: false },
  )
