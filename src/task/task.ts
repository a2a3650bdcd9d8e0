import { choice, id, instant, integer, text, texts, url } from '../core/field.ts'
import { type DraftOf, defineTable, type EntityOf, type PatchOf } from '../core/field-table.ts'

export const TASK_STATUSES = ['pending', 'in_progress', 'completed'] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]

export const TASK_PRIORITIES = ['low', 'medium', 'high'] as const
export type TaskPriority = (typeof TASK_PRIORITIES)[number]

export const MAX_TITLE = 500
export const MAX_DESCRIPTION = 65_536
export const MAX_LABEL = 50
export const MAX_LABELS = 20
const MAX_REFERENCE = 255
const MAX_URL = 2000

/**
 * The fields of a task, in the order of its JSON. Schemas, types, changes, filters, sorts, columns
 * and MongoDB's indexes follow from this table; SQLite's columns and indexes are in its migrations.
 */
export const TASK_FIELDS = {
  id: id({ description: 'The id of the task, a UUIDv7.', readOnly: true }),
  title: text({
    description: `What to do: 1 to ${MAX_TITLE} characters after trimming.`,
    min: 1,
    max: MAX_TITLE,
    trim: true,
    required: true,
    search: true,
    sort: 'folded',
  }),
  description: text({
    description: 'Details, stored exactly as given.',
    max: MAX_DESCRIPTION,
    default: '',
    search: true,
  }),
  status: choice(TASK_STATUSES, {
    description: 'The progress of the work.',
    default: 'pending',
    filter: { by: 'any', of: 'statuses' },
    leads: true,
  }),
  priority: choice(TASK_PRIORITIES, {
    description: 'The importance of the task.',
    default: 'medium',
    filter: { by: 'any', of: 'priorities' },
    leads: true,
    sort: true,
  }),
  labels: texts({
    description: 'Free-form labels. Their order is kept; duplicates are removed.',
    maxItems: MAX_LABELS,
    item: { description: 'A label.', min: 1, max: MAX_LABEL },
    filter: { by: 'all', of: 'labels', name: 'label' },
  }),
  due_at: instant({
    description:
      'When the task is due. Any RFC 3339 offset is accepted; responses are in UTC, rounded down to milliseconds.',
    nullable: true,
    filter: { by: 'interval', of: 'due', name: 'due' },
    sort: true,
  }),
  created_at: instant({
    description: 'When the task was created.',
    readOnly: true,
    filter: { by: 'interval', of: 'created', name: 'created' },
    sort: true,
  }),
  updated_at: instant({
    description: 'When the task last changed.',
    readOnly: true,
    filter: { by: 'interval', of: 'last changed', name: 'updated' },
    sort: true,
  }),
  completed_at: instant({
    description: 'When the task was completed; null if it is not completed.',
    readOnly: true,
    nullable: true,
  }),
  external_reference_id: text({
    description: 'The id of this task in another system; with GitHub sync, the id of its issue.',
    min: 1,
    max: MAX_REFERENCE,
    nullable: true,
    tracked: true,
    filter: { by: 'equals', of: 'id in another system' },
  }),
  external_url: url({
    description:
      'The http or https URL of this task in another system; with GitHub sync, that of its issue.',
    max: MAX_URL,
    nullable: true,
    tracked: true,
  }),
  version: integer({
    description: 'Starts at 1 and grows by one with each change; the ETag contains it.',
    readOnly: true,
  }),
}

export type Task = EntityOf<typeof TASK_FIELDS>
export type TaskDraft = DraftOf<typeof TASK_FIELDS>
export type TaskPatch = PatchOf<typeof TASK_FIELDS>

/** What touches two fields or the clock: a task says since when it is completed. */
const decide = <T extends Task>(task: T, at: string): T => ({
  ...task,
  completed_at: task.status === 'completed' ? (task.completed_at ?? at) : null,
})

/** The fields of a task of 0.1.0. */
const FIRST_FIELDS = [
  'id',
  'title',
  'description',
  'status',
  'priority',
  'labels',
  'due_at',
  'created_at',
  'updated_at',
  'completed_at',
  'external_reference_id',
  'version',
]

/** What 0.1.0 stored of the issue within the task; now it is beside it. */
interface WithSync {
  readonly sync?: { readonly issue_url: string | null } | null
}

const fromEarlier = ({ sync, ...task }: WithSync) => ({
  external_url: sync?.issue_url ?? null,
  ...task,
})

/** A task as the documentation shows it. */
const EXAMPLE_TASK: Task = {
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

export const TASK_RULES = {
  title: 'Task',
  examples: {
    entity: EXAMPLE_TASK,
    draft: {
      title: 'Renew the certificate',
      priority: 'high',
      labels: ['ops'],
      due_at: '2026-03-06T13:00:00+01:00',
    },
    patch: { status: 'in_progress', due_at: null },
  },
  decide,
  firstFields: FIRST_FIELDS,
  fromEarlier,
}

export const TASK = defineTable(TASK_FIELDS, TASK_RULES)

export const createTask = TASK.create
export const patchTask = TASK.change
