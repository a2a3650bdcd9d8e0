import fc from 'fast-check'
import { changedFields as changedNames } from '#src/core/entity.ts'
import { createTask, patchTask, type Task, type TaskDraft, type TaskPatch } from '#src/task/task.ts'

export const STATUSES = ['pending', 'in_progress', 'completed'] as const
export const PRIORITIES = ['low', 'medium', 'high'] as const
export const LABELS = ['ops', 'home', 'ÄÖ', '🚀', 'a b'] as const

const EPOCH = Date.parse('2026-01-01T00:00:00.000Z')

/** An instant so many seconds after the start of 2026, as the service writes it. */
export const instantAt = (seconds: number): string => new Date(EPOCH + seconds * 1000).toISOString()

/** Few instants, so that ties are common. */
export const instants = fc.integer({ min: 0, max: 20 }).map(instantAt)

const codePoints = fc.oneof(
  fc.integer({ min: 0x01, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
)

/** Any character that a task may hold, thus neither NUL nor a lone surrogate. */
export const characters = codePoints.map((codePoint) => String.fromCodePoint(codePoint))

export const texts = (maxLength: number) => fc.string({ unit: characters, maxLength })

const knownTitles = fc.constantFrom(
  'a',
  'b',
  'B',
  'Äpfel kaufen',
  '\u{1F600}',
  '\uFFFD',
  '\u{10000}',
  'é',
  'e\u0301',
)

/** Letters that fold, marks alone, and neighbours of the surrogates, so that titles are often nearly the same. */
const confusable = fc.constantFrom(
  ...'aAáÁàbBßẞsSłŁlæıIiİkK',
  '\u0301',
  '\u0302',
  '\u0001',
  'ﷺ',
  '각',
  '\uFFFD',
  '\u{10000}',
  '\u{1F600}',
)

export const titles = fc.oneof(
  knownTitles,
  texts(8).filter((title) => title.trim() !== ''),
  fc.string({ unit: confusable, minLength: 1, maxLength: 4 }),
)

/** By code point, as both databases compare texts; `<` goes by UTF-16 unit. */
export const byCodePoint = (a: string, b: string): number => {
  const [left, right] = [[...a], [...b]]
  const at = left.findIndex((character, index) => character !== right[index])
  if (at < 0) return left.length - right.length
  return (left[at]?.codePointAt(0) ?? -1) - (right[at]?.codePointAt(0) ?? -1)
}

const due = fc.option(instants, { nil: null })
const urls = fc.constantFrom(null, 'https://example.com/1', 'HTTP://a.b/%C3%BC?c=d#e')

const references = fc.option(fc.constantFrom('1', '2', 'x'), { nil: null })

const writable = {
  title: titles,
  description: fc.oneof(fc.constantFrom('', 'Brot und Käse', 'bread'), texts(12)),
  status: fc.constantFrom(...STATUSES),
  priority: fc.constantFrom(...PRIORITIES),
  labels: fc.array(fc.constantFrom(...LABELS), { maxLength: 4 }),
  due_at: due,
  external_reference_id: references,
  external_url: urls,
}

export const drafts: fc.Arbitrary<TaskDraft> = fc.record(writable, { requiredKeys: ['title'] })

export const patches: fc.Arbitrary<TaskPatch> = fc.record(writable, { requiredKeys: [] })

const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

/** A task with what a test cares about. */
export const sampleTask = (fields: Partial<Task> = {}): Task => ({
  ...createTask({ title: 'sample' }, ID, instantAt(0)),
  ...fields,
})

export const tasks: fc.Arbitrary<Task> = fc
  .record({ draft: drafts, at: instants, version: fc.integer({ min: 1, max: 1000 }) })
  .map(({ draft, at, version }) => Object.freeze({ ...createTask(draft, ID, at), version }))

type TrackedField = Exclude<keyof Task, 'id' | 'version' | 'created_at' | 'updated_at'>

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
  changedNames(before, after) as TrackedField[]

export const completeTask = (task: Task, now: string): Task =>
  patchTask(task, { status: 'completed' }, now)

/** The fields whose changes count. */
export const tracked = (task: Task): Partial<Task> =>
  Object.fromEntries(TRACKED_FIELDS.map((field) => [field, task[field]]))
