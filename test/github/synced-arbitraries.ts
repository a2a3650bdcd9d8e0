import * as fc from 'fast-check'
import type { SyncedFields } from '#src/github/issue/issue-link.ts'
import { createMarker } from '#src/github/issue/marker.ts'
import { TASK_PRIORITIES, TASK_STATUSES } from '#src/task/task.ts'

export const TASK_ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'
export const { toMarker, taskOf } = createMarker('a key')
export const MARKER = toMarker(TASK_ID)

export const FIELDS: SyncedFields = {
  title: 'Renew the certificate',
  description: 'It ends on Friday.',
  status: 'pending',
  priority: 'medium',
  labels: ['ops'],
}

export const fields = (changes: Partial<SyncedFields> = {}): SyncedFields => ({
  ...FIELDS,
  ...changes,
})

const character = fc.constantFrom(
  ...[
    'a',
    'B',
    ' ',
    '\n',
    '\r\n',
    '\t',
    '…',
    'é',
    '🎉',
    '👩‍💻',
    '*',
    '<!--',
    '-->',
    '<pre>',
    MARKER,
  ],
  ...['```', '\n```\n', '~~~', '\n- ', '\n> ', '    '],
)
const unit = fc.oneof(
  { weight: 3, arbitrary: character },
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)
const storable = (text: string): string => text.replaceAll('\0', '')

/** Long ones are made of a repeated piece, as they would take too long to make otherwise. */
const textOf = (least: number, most: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(unit, { minLength: 1, maxLength: 12 }),
      fc.array(unit, { maxLength: 8 }),
      fc.integer({ min: least, max: most }),
    )
    .map(([piece, end, length]) => {
      const whole = storable(piece.join('')) || 'x'
      return [...whole.repeat(Math.ceil(length / [...whole].length)), ...storable(end.join(''))]
        .slice(0, most)
        .join('')
    })

export const anyTitle = fc
  .oneof(textOf(1, 12), textOf(200, 500))
  .map((title) => title.trim())
  .filter((title) => title !== '')

export const anyDescription = fc.oneof(
  { weight: 6, arbitrary: textOf(0, 40) },
  { weight: 1, arbitrary: textOf(65_300, 65_536) },
)

export const anyLabel = fc.oneof(
  fc.constantFrom(
    'ops',
    'Ops',
    'bug',
    'BUG ',
    'priority:high',
    'Status:In_Progress',
    'priority:medium',
    ' ',
    'a\nb',
  ),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((label) => !label.includes('\0')),
)

export const anyFields: fc.Arbitrary<SyncedFields> = fc.record({
  title: anyTitle,
  description: anyDescription,
  status: fc.constantFrom(...TASK_STATUSES),
  priority: fc.constantFrom(...TASK_PRIORITIES),
  labels: fc.uniqueArray(anyLabel, { maxLength: 20 }),
})
