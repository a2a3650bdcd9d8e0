import { choice, id, instant, text, texts } from '#src/core/field.ts'
import { defineRecord } from '#src/core/record.ts'
import { createRecordService } from '#src/core/record-service.ts'
import type { Repository } from '#src/core/repository.ts'
import { createRecordFeature } from '#src/http/record-routes.ts'

const EXAMPLE = {
  id: '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e',
  title: 'What to order',
  description: '',
  status: 'pending',
  priority: 'low',
  labels: [],
  due_at: null,
  external_reference_id: null,
  slug: 'what-to-order',
  task_id: null,
  created_at: '2026-03-01T09:00:00.000Z',
  updated_at: '2026-03-01T09:00:00.000Z',
  version: 1,
} as const

/**
 * A record that no part of the service knows: with this, and the line below that serves it, all
 * that is promised of records is tested. It has fields of a task, so that the same suites run on it.
 */
export const NOTE_DEFINITION = {
  kind: 'note',
  title: 'Note',
  fields: {
    title: text({ description: 'What it is about.', min: 1, max: 500, trim: true, required: true }),
    description: text({ description: 'The text.', max: 65_536, default: '' }),
    status: choice(['pending', 'in_progress', 'completed'], {
      description: 'The progress.',
      default: 'pending',
    }),
    priority: choice(['low', 'medium', 'high'], {
      description: 'The importance.',
      default: 'medium',
    }),
    labels: texts({
      description: 'Labels.',
      maxItems: 20,
      item: { description: 'A label.', min: 1, max: 50 },
    }),
    due_at: instant({ description: 'When it is due.', nullable: true }),
    external_reference_id: text({
      description: 'Its id elsewhere.',
      min: 1,
      max: 255,
      nullable: true,
    }),
    slug: text({ description: 'Its short name.', min: 1, max: 80, nullable: true }),
    task_id: id({ description: 'The task that it belongs to.', nullable: true }),
  },
  examples: { entity: EXAMPLE, draft: { title: 'What to order' }, patch: { title: 'What to buy' } },
  parent: 'task_id',
  unique: 'slug',
  uniqueKeyOf: ({ slug }: { readonly slug: string | null }) => slug?.toLowerCase() ?? null,
} as const

export const NOTE = defineRecord(NOTE_DEFINITION)

export type Note = ReturnType<typeof NOTE.table.create>
export type NoteDraft = Parameters<typeof NOTE.table.create>[0]
export type NotePatch = Parameters<typeof NOTE.table.change>[1]

/** Serves notes at /notes. */
export const createNotes = (repository: Repository, newId: (key?: string) => string) => {
  const service = createRecordService(NOTE, { repository, newId })
  return [createRecordFeature(NOTE, service, '/notes')]
}
