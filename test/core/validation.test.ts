import fc from 'fast-check'
import Type from 'typebox'
import { describe, expect, test } from 'vitest'
import type { FieldError } from '#src/core/errors.ts'
import { createValidator, type Validator } from '#src/core/validation.ts'
import { TASK } from '#src/task/task.ts'
import { characters } from './task-arbitraries.ts'

const validate = createValidator(TASK.draft)

const issuesOf = (
  value: unknown,
  validator: Validator<unknown> = validate,
): readonly FieldError[] => {
  const result = validator(value)
  return 'issues' in result ? result.issues : []
}

const FIELDS =
  'title, description, status, priority, labels, due_at, external_reference_id, external_url'

describe('an issue names the field and what is expected', () => {
  test.for([
    ['no object', [], '#', 'must be a JSON object'],
    ['null', null, '#', 'must be a JSON object'],
    ['no title', {}, '#/title', 'is required'],
    ['an empty title', { title: ' ' }, '#/title', /^must be a string of 1 to 500 characters/],
    ['a number for a title', { title: 7 }, '#/title', /^must be a string of 1 to 500 characters/],
    [
      'null for a description',
      { title: 'a', description: null },
      '#/description',
      /^must be a string of 0 to 65536 characters/,
    ],
    ['a NUL', { title: 'a', description: 'a\0' }, '#/description', /without NUL/],
    [
      'a wrong status',
      { title: 'a', status: 'done' },
      '#/status',
      'must be one of pending, in_progress, completed',
    ],
    [
      'a wrong priority',
      { title: 'a', priority: 'LOW' },
      '#/priority',
      'must be one of low, medium, high',
    ],
    [
      'a label alone',
      { title: 'a', labels: 'ops' },
      '#/labels',
      'must be an array of at most 20 items',
    ],
    [
      'too many labels',
      { title: 'a', labels: Array(21).fill('l') },
      '#/labels',
      'must be an array of at most 20 items',
    ],
    [
      'an empty label',
      { title: 'a', labels: ['a', ''] },
      '#/labels/1',
      /^must be a string of 1 to 50 characters/,
    ],
    [
      'a date without zone',
      { title: 'a', due_at: '2026-03-01T09:00:00' },
      '#/due_at',
      /^must be an RFC 3339 date-time .* or null$/,
    ],
    ['a number for a date', { title: 'a', due_at: 7 }, '#/due_at', /RFC 3339/],
    [
      'an empty reference',
      { title: 'a', external_reference_id: '' },
      '#/external_reference_id',
      /1 to 255 characters.* or null$/,
    ],
    [
      'an unknown field',
      { title: 'a', titel: 'b' },
      '#/titel',
      `is not known: expected one of ${FIELDS}`,
    ],
    [
      '__proto__',
      JSON.parse('{"title":"a","__proto__":1}'),
      '#/__proto__',
      `is not known: expected one of ${FIELDS}`,
    ],
    [
      'a field of every object',
      { title: 'a', toString: 1 },
      '#/toString',
      `is not known: expected one of ${FIELDS}`,
    ],
  ] as const)('for %s', ([, value, pointer, detail]) => {
    const issues = issuesOf(value)
    expect(issues).toEqual([
      { pointer, detail: detail instanceof RegExp ? expect.stringMatching(detail) : detail },
    ])
  })

  test('for each of several fields once', () => {
    const issues = issuesOf({ title: '', status: 1, priority: 1 })
    expect(issues.map(({ pointer }) => pointer).sort()).toEqual([
      '#/priority',
      '#/status',
      '#/title',
    ])
  })

  test('for a number out of its range', () => {
    const issues = issuesOf({ version: 0 }, createValidator(TASK.patch))
    expect(issues).toEqual([{ pointer: '#/version', detail: 'must be an integer of at least 1' }])
  })

  test('for a schema that takes nothing', () => {
    const nothing = createValidator(Type.Object({}, { additionalProperties: false }))
    expect(issuesOf({ a: 1 }, nothing)).toEqual([
      { pointer: '#/a', detail: 'is not known: nothing is expected here' },
    ])
  })
})

describe('a pointer', () => {
  test('escapes the name of an unknown field by RFC 6901', () => {
    expect(issuesOf({ title: 'a', 'a/b~c d%': 1 })[0]?.pointer).toBe('#/a~1b~0c%20d%25')
  })

  test('is a URI fragment, whatever the unknown field is called', () => {
    const names = fc.oneof(
      fc.string({ unit: characters }),
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'~/#?%"😀é') }),
    )
    fc.assert(
      fc.property(names, (name) => {
        fc.pre(!TASK.fields.some((field) => field.name === name))
        for (const { pointer } of issuesOf({ title: 'a', [name]: 1 }))
          expect(pointer).toMatch(/^#[\w\-./~!$&'()*+,;=:@?%]*$/)
      }),
    )
  })

  test('of a long name with an emoji anywhere in it is well formed', () => {
    for (let before = 70; before < 90; before += 1) {
      const issues = issuesOf({ title: 'a', [`${'x'.repeat(before)}😀`]: 1 })
      expect(issues.map(({ pointer }) => pointer.slice(0, 10))).toEqual(['#/xxxxxxxx'])
    }
  })

  test('of a long name is never cut within an escape', () => {
    for (let before = 70; before < 90; before += 1) {
      expect(issuesOf({ title: 'a', [`${'x'.repeat(before)}~`]: 1 })[0]?.pointer).not.toMatch(
        /~(?![01])/,
      )
    }
  })

  test('of a name with a lone surrogate is well formed', () => {
    expect(issuesOf({ title: 'a', '\ud800': 1 })).toHaveLength(1)
  })
})

describe('what is wrong stays bounded', () => {
  const toBody = (count: number, name: (index: number) => string): unknown =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), index]))

  test('for a body with 100,000 unknown fields', () => {
    const started = performance.now()
    const issues = issuesOf(toBody(100_000, (index) => `field-${index}`))
    expect(performance.now() - started).toBeLessThan(5000)
    expect(issues.length).toBeGreaterThan(0)
    expect(issues.length).toBeLessThanOrEqual(20)
    expect(JSON.stringify(issues).length).toBeLessThan(10_000)
  })

  test('for names of 100,000 characters', () => {
    const issues = issuesOf(toBody(10, (index) => `${index}${'é'.repeat(100_000)}`))
    expect(JSON.stringify(issues).length).toBeLessThan(20_000)
  })

  test('for 100,000 labels', () => {
    const issues = issuesOf({ title: 'a', labels: Array(100_000).fill(7) })
    expect(issues.length).toBeGreaterThan(0)
    expect(JSON.stringify(issues).length).toBeLessThan(10_000)
  })

  test('for any JSON at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const issues = issuesOf(body)
        expect(issues.length).toBeLessThanOrEqual(20)
        for (const { pointer, detail } of issues)
          expect([pointer[0], detail.length > 0]).toEqual(['#', true])
      }),
    )
  })
})
