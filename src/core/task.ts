import type { Static, TSchema } from 'typebox'
import type { FieldError } from './errors.ts'
import { INSTANT_EXPECTED, toInstant } from './instant.ts'
import { Type } from './typebox.ts'

export const TASK_STATUSES = ['pending', 'in_progress', 'completed'] as const
export const TaskStatus = Type.Enum([...TASK_STATUSES], {
  type: 'string',
  description: 'The progress of the work.',
})
export type TaskStatus = Static<typeof TaskStatus>

export const TASK_PRIORITIES = ['low', 'medium', 'high'] as const
export const TaskPriority = Type.Enum([...TASK_PRIORITIES], {
  type: 'string',
  description: 'The importance of the task.',
})
export type TaskPriority = Static<typeof TaskPriority>

/** Text that every store gives back exactly: no NUL (SQLite's length() stops there) and no lone surrogate. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** How long a text is, as the limits count. */
export const codePoints = (text: string): number => {
  let count = 0
  for (const _ of text) count += 1
  return count
}

export const MAX_TITLE = 500
export const MAX_DESCRIPTION = 65_536
export const MAX_LABEL = 50
export const MAX_LABELS = 20
const MAX_REFERENCE = 255
const MAX_URL = 2000

/** A code point takes at most two UTF-16 units, so a longer string is refused before it is counted. */
const text = (least: number, most: number, description: string) =>
  Type.Refine(
    Type.String({ description, ...(least > 0 ? { minLength: least } : {}), maxLength: most }),
    isStorable,
    () => `a string of ${least} to ${most} characters without NUL or lone surrogates`,
  )

const Title = Type.Refine(
  Type.String({
    minLength: 1,
    description: `What to do: 1 to ${MAX_TITLE} characters after trimming.`,
  }),
  (title) => {
    const trimmed = title.trim()
    return (
      trimmed !== '' &&
      trimmed.length <= 2 * MAX_TITLE &&
      codePoints(trimmed) <= MAX_TITLE &&
      isStorable(trimmed)
    )
  },
  () =>
    `a string of 1 to ${MAX_TITLE} characters (spaces around it not counted) without NUL or lone surrogates`,
)

const instant = (description: string) =>
  Type.Refine(
    Type.String({ format: 'date-time', description }),
    (value) => toInstant(value) !== undefined,
    () => INSTANT_EXPECTED,
  )

const isWebUrl = (text: string): boolean =>
  /^https?:\/\//i.test(text) && isStorable(text) && URL.canParse(text)

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Description = text(0, MAX_DESCRIPTION, 'Details, stored exactly as given.')
const Labels = Type.Array(text(1, MAX_LABEL, 'A label.'), {
  maxItems: MAX_LABELS,
  description: 'Free-form labels. Their order is kept; duplicates are removed.',
})
const DueAt = nullable(
  instant(
    'When the task is due. Any RFC 3339 offset is accepted; responses are in UTC, rounded down to milliseconds.',
  ),
)
const ExternalReferenceId = nullable(
  text(
    1,
    MAX_REFERENCE,
    'The id of this task in another system; with GitHub sync, the id of its issue.',
  ),
)
const ExternalUrl = nullable(
  Type.Refine(
    Type.String({
      format: 'uri',
      maxLength: MAX_URL,
      description:
        'The http or https URL of this task in another system; with GitHub sync, that of its issue.',
    }),
    isWebUrl,
    () => `an http or https URL of at most ${MAX_URL} characters`,
  ),
)
const Version = Type.Integer({
  minimum: 1,
  description: 'Starts at 1 and grows by one with each change; the ETag contains it.',
})

/** The id of a task, a UUIDv7. Any other text is accepted too and is the id of no task. */
export const taskId = (description: string) => Type.String({ format: 'uuid', description })

/** An id as tasks have it: a UUID is accepted in either case (RFC 9562, section 4). */
export const toTaskId = (text: string): string => text.toLowerCase()

/** A task as the documentation shows it. */
export const EXAMPLE_TASK = {
  id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e',
  title: 'Renew the certificate',
  description: 'It expires on Friday.',
  status: 'pending',
  priority: 'high',
  labels: ['ops'],
  due_at: '2026-03-06T12:00:00.000Z',
  created_at: '2026-03-01T09:00:00.000Z',
  updated_at: '2026-03-01T09:00:00.000Z',
  completed_at: null,
  external_reference_id: null,
  external_url: null,
  version: 1,
}

/** What the API answers, in the order of its fields. Instants are UTC with milliseconds. */
export const Task = Type.Object(
  {
    id: taskId('The id of the task, a UUIDv7.'),
    title: Title,
    description: Description,
    status: TaskStatus,
    priority: TaskPriority,
    labels: Labels,
    due_at: DueAt,
    created_at: instant('When the task was created.'),
    updated_at: instant('When the task last changed.'),
    completed_at: nullable(instant('When the task was completed; null if it is not completed.')),
    external_reference_id: ExternalReferenceId,
    external_url: ExternalUrl,
    version: Version,
  },
  {
    title: 'Task',
    additionalProperties: false,
    examples: [EXAMPLE_TASK],
  },
)
export type Task = Readonly<Static<typeof Task>>

const writable = {
  title: Title,
  description: Description,
  status: TaskStatus,
  priority: TaskPriority,
  labels: Labels,
  due_at: DueAt,
  external_reference_id: ExternalReferenceId,
  external_url: ExternalUrl,
}

const optional = Type.Partial(Type.Object(writable)).properties

/** What a client may say of a new task. */
export const TaskDraft = Type.Object(
  { ...optional, title: Title },
  {
    title: 'TaskDraft',
    additionalProperties: false,
    examples: [
      {
        title: 'Renew the certificate',
        priority: 'high',
        labels: ['ops'],
        due_at: '2026-03-06T13:00:00+01:00',
      },
    ],
  },
)
export type TaskDraft = Readonly<Static<typeof TaskDraft>>

/**
 * A change: a present field is set, an absent one keeps its value, null clears a nullable one. The fields
 * that are ours may be sent along as they are (so GET, edit, PUT works) and are refused when they differ.
 */
export const TaskPatch = Type.Object(
  {
    ...optional,
    id: Type.Optional(taskId('Read-only: accepted if equal to the stored value.')),
    created_at: Type.Optional(instant('Read-only: accepted if equal to the stored value.')),
    updated_at: Type.Optional(instant('Read-only: accepted if equal to the stored value.')),
    completed_at: Type.Optional(
      nullable(instant('Read-only: accepted if equal to the stored value.')),
    ),
    version: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Read-only: accepted if equal to the stored value.',
      }),
    ),
  },
  {
    title: 'TaskPatch',
    additionalProperties: false,
    examples: [{ status: 'in_progress', due_at: null }],
  },
)
export type TaskPatch = Readonly<Static<typeof TaskPatch>>

const READ_ONLY_FIELDS = ['id', 'created_at', 'updated_at', 'completed_at', 'version'] as const

/** A new task, at version 1. */
export const createTask = (draft: TaskDraft, id: string, now: string): Task => {
  const status = draft.status ?? 'pending'
  return {
    id,
    title: draft.title.trim(),
    description: draft.description ?? '',
    status,
    priority: draft.priority ?? 'medium',
    labels: [...new Set(draft.labels)],
    due_at: normalised(draft.due_at ?? null),
    created_at: now,
    updated_at: now,
    completed_at: status === 'completed' ? now : null,
    external_reference_id: draft.external_reference_id ?? null,
    external_url: draft.external_url ?? null,
    version: 1,
  }
}

/** The fields that the issue tracker sets while one is configured. */
const TRACKER_FIELDS = ['external_reference_id', 'external_url'] as const

/**
 * What is wrong with a patch for this very task: a field that is set by the service and differs from
 * the stored one. `isTracked`: an issue tracker is configured.
 */
export const readOnlyFieldErrors = (
  task: Task,
  patch: TaskPatch,
  isTracked: boolean,
): FieldError[] =>
  [...READ_ONLY_FIELDS, ...(isTracked ? TRACKER_FIELDS : [])].flatMap((field) =>
    readOnlyFieldError(task, patch, field),
  )

/** What is wrong with a new task that an issue tracker will link. */
export const trackerFieldErrors = (draft: TaskDraft): FieldError[] =>
  TRACKER_FIELDS.flatMap((field) => readOnlyFieldError(UNLINKED, draft, field))

const UNLINKED = { external_reference_id: null, external_url: null }

/** The task with a patch applied: the very same object when nothing changes, else its next version. */
export const patchTask = (task: Task, patch: TaskPatch, now: string): Task => {
  const status = patch.status ?? task.status
  const at = later(now, task.updated_at)
  const next: Task = {
    ...task,
    title: patch.title?.trim() ?? task.title,
    description: patch.description ?? task.description,
    status,
    priority: patch.priority ?? task.priority,
    labels: patch.labels === undefined ? task.labels : [...new Set(patch.labels)],
    due_at: patch.due_at === undefined ? task.due_at : normalised(patch.due_at),
    completed_at: status === 'completed' ? (task.completed_at ?? at) : null,
    external_reference_id:
      patch.external_reference_id === undefined
        ? task.external_reference_id
        : patch.external_reference_id,
    external_url: patch.external_url === undefined ? task.external_url : patch.external_url,
  }
  return changedFields(task, next).length === 0
    ? task
    : { ...next, updated_at: at, version: task.version + 1 }
}

/** The next version of a task with no other change. */
export const touchTask = (task: Task, now: string): Task => ({
  ...task,
  updated_at: later(now, task.updated_at),
  version: task.version + 1,
})

/** The completed task; the same object when it already was. */
export const completeTask = (task: Task, now: string): Task =>
  patchTask(task, { status: 'completed' }, now)

export type TrackedField = Exclude<keyof Task, 'id' | 'version' | 'created_at' | 'updated_at'>

/** The fields whose changes make a version and a line of history. */
export const TRACKED_FIELDS = [
  'title',
  'description',
  'status',
  'priority',
  'labels',
  'due_at',
  'completed_at',
  'external_reference_id',
  'external_url',
] as const satisfies readonly TrackedField[]

export const changedFields = (before: Task, after: Task): TrackedField[] =>
  TRACKED_FIELDS.filter((field) => !isSame(before[field], after[field]))

const isSame = (a: Task[TrackedField], b: Task[TrackedField]): boolean =>
  Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((label, i) => label === b[i])
    : a === b

const normalised = (due: string | null): string | null =>
  due === null ? null : (toInstant(due) ?? null)

/** Instants of one width compare as text. A clock set back never takes a task's last change with it. */
const later = (a: string, b: string): string => (a > b ? a : b)

type ReadOnlyField = (typeof READ_ONLY_FIELDS | typeof TRACKER_FIELDS)[number]

const readOnlyFieldError = (
  task: Partial<Task>,
  patch: TaskPatch,
  field: ReadOnlyField,
): FieldError[] => {
  const given = patch[field]
  if (given === undefined) return []
  if (normalisedOwn(field, given) === task[field]) return []
  return [
    {
      pointer: `#/${field}`,
      detail: `is set by the service: leave it out, or send ${JSON.stringify(task[field])}`,
    },
  ]
}

const INSTANTS: ReadonlySet<ReadOnlyField> = new Set(['created_at', 'updated_at', 'completed_at'])

const normalisedOwn = (field: ReadOnlyField, given: string | number | null) => {
  if (typeof given !== 'string') return given
  if (field === 'id') return toTaskId(given)
  return INSTANTS.has(field) ? toInstant(given) : given
}
