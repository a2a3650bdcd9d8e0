import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createValidator } from '#src/core/validation.ts'
import { createTask, TASK } from '#src/task/task.ts'
import { drafts, instantAt, instants, sampleTask, tasks } from './task-arbitraries.ts'

const validateTask = createValidator(TASK.entity)
const validateDraft = createValidator(TASK.draft)
const readOnlyFieldErrors = TASK.readOnlyErrors
const ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e'

describe('createTask', () => {
  test('a title alone makes a pending task of medium priority', () => {
    expect(createTask({ title: ' Buy bread ' }, ID, instantAt(0))).toEqual({
      id: ID,
      title: 'Buy bread',
      description: '',
      status: 'pending',
      priority: 'medium',
      labels: [],
      due_at: null,
      created_at: instantAt(0),
      updated_at: instantAt(0),
      completed_at: null,
      external_reference_id: null,
      external_url: null,
      version: 1,
    })
  })

  test('a task made from a valid draft is a valid task', () => {
    fc.assert(
      fc.property(drafts, instants, (draft, now) => {
        expect(validateDraft(draft)).toEqual({ value: draft })
        expect(validateTask(createTask(draft, ID, now))).toHaveProperty('value')
      }),
    )
  })

  test('a draft that is completed is completed now', () => {
    expect(createTask({ title: 'a', status: 'completed' }, ID, instantAt(4)).completed_at).toBe(
      instantAt(4),
    )
  })

  test('a due date is kept in UTC with milliseconds', () => {
    const { due_at } = createTask(
      { title: 'a', due_at: '2026-03-06t13:00:00.5+01:00' },
      ID,
      instantAt(0),
    )
    expect(due_at).toBe('2026-03-06T12:00:00.500Z')
  })

  test('labels keep their order and lose their repeats', () => {
    expect(
      createTask({ title: 'a', labels: ['b', 'a', 'b', 'B'] }, ID, instantAt(0)).labels,
    ).toEqual(['b', 'a', 'B'])
  })
})

describe('patchIssues', () => {
  test('a task that is sent back as it was read has no issue', () => {
    fc.assert(
      fc.property(tasks, (task) => {
        expect(readOnlyFieldErrors(task, task, true)).toEqual([])
      }),
    )
  })

  test('the same instant with another offset has no issue', () => {
    const task = sampleTask({ created_at: '2026-03-01T09:00:00.000Z' })
    expect(readOnlyFieldErrors(task, { created_at: '2026-03-01T10:00:00+01:00' }, false)).toEqual(
      [],
    )
  })

  test('each field of ours that differs is named with the value that is accepted', () => {
    const given = {
      id: 'x',
      created_at: instantAt(1),
      updated_at: instantAt(1),
      completed_at: instantAt(1),
      version: 2,
    }
    const issues = readOnlyFieldErrors(sampleTask(), given, false)
    expect(issues.map(({ pointer }) => pointer)).toEqual(
      Object.keys(given).map((field) => `#/${field}`),
    )
    expect(issues.at(-1)?.detail).toBe('is set by the service: leave it out, or send 1')
    expect(issues.at(-2)?.detail).toContain('null')
  })

  test('a null that would clear completed_at is an issue', () => {
    const task = sampleTask({ status: 'completed', completed_at: instantAt(1) })
    expect(readOnlyFieldErrors(task, { completed_at: null }, false)).toHaveLength(1)
  })
})

describe('the length of a text', () => {
  const longest = (field: 'title' | 'description', count: number) => ({
    title: 'a',
    [field]: '😀'.repeat(count),
  })

  test.for([
    ['title', 500],
    ['description', 65_536],
  ] as const)('of %s is counted in code points, %d at most', ([field, most]) => {
    expect(validateDraft(longest(field, most))).toHaveProperty('value')
    expect(validateDraft(longest(field, most + 1))).toHaveProperty('issues')
  })

  test('of a title is counted once trimmed', () => {
    expect(validateDraft({ title: `${' '.repeat(3000)}${'a'.repeat(500)}\n` })).toHaveProperty(
      'value',
    )
    expect(validateDraft({ title: ' \n\u00a0 ' })).toHaveProperty('issues')
  })

  test.for(['a\0b', '\ud800', 'a\udc00b'])(
    'of a text that no store would give back is of no matter: %j is refused',
    (text) => {
      for (const draft of [
        { title: text },
        { title: 'a', description: text },
        { title: 'a', labels: [text] },
      ]) {
        expect(validateDraft(draft)).toHaveProperty('issues')
      }
    },
  )
})
