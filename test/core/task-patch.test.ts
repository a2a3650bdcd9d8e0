import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { patchTask, type TaskPatch } from '#src/task/task.ts'
import {
  changedFields,
  completeTask,
  instantAt,
  instants,
  patches,
  sampleTask,
  TRACKED_FIELDS,
  tasks,
  tracked,
} from './task-arbitraries.ts'

describe('patchTask', () => {
  test('an absent field keeps its value', () => {
    fc.assert(
      fc.property(tasks, patches, instants, (task, patch, now) => {
        const next = patchTask(task, patch, now)
        const absent = TRACKED_FIELDS.filter(
          (field) => field !== 'completed_at' && patch[field] === undefined,
        )
        for (const field of absent) expect(next[field]).toEqual(task[field])
      }),
    )
  })

  test('a present field is set, labels without their repeats and the title trimmed', () => {
    fc.assert(
      fc.property(tasks, patches, instants, (task, patch, now) => {
        const next = patchTask(task, patch, now)
        const labels = patch.labels && [...new Set(patch.labels)]
        const title = patch.title?.trim()
        const expected = { ...patch, ...(labels && { labels }), ...(title && { title }) }
        expect(next).toMatchObject(expected)
      }),
    )
  })

  test('null clears the nullable fields', () => {
    const task = sampleTask({ due_at: instantAt(5), external_reference_id: '7' })
    const next = patchTask(task, { due_at: null, external_reference_id: null }, instantAt(1))
    expect(next).toMatchObject({ due_at: null, external_reference_id: null, version: 2 })
  })

  test('a patch applied twice changes nothing the second time', () => {
    fc.assert(
      fc.property(tasks, patches, instants, instants, (task, patch, now, later) => {
        const once = patchTask(task, patch, now)
        expect(patchTask(once, patch, later)).toBe(once)
      }),
    )
  })

  test('the version grows by one exactly when a tracked field changes', () => {
    fc.assert(
      fc.property(tasks, patches, instants, (task, patch, now) => {
        const next = patchTask(task, patch, now)
        const isSame = JSON.stringify(tracked(next)) === JSON.stringify(tracked(task))
        expect(next.version).toBe(isSame ? task.version : task.version + 1)
        expect(next === task).toBe(isSame)
        expect(changedFields(task, next).length === 0).toBe(isSame)
      }),
    )
  })

  test('updated_at is the time of the change and never goes back', () => {
    fc.assert(
      fc.property(tasks, patches, instants, (task, patch, now) => {
        const next = patchTask(task, patch, now)
        const [, changedAt] = [now, task.updated_at].sort()
        expect(next.updated_at).toBe(next === task ? task.updated_at : changedAt)
      }),
    )
  })

  test('completed_at is null unless the task is completed, and stays as it was while it is', () => {
    fc.assert(
      fc.property(tasks, patches, instants, (task, patch, now) => {
        const next = patchTask(task, patch, now)
        expect(next.completed_at === null).toBe(next.status !== 'completed')
        if (task.status === 'completed' && next.status === 'completed')
          expect(next.completed_at).toBe(task.completed_at)
      }),
    )
  })

  test('what is ours stays, even where the patch names it', () => {
    const task = sampleTask()
    const others: TaskPatch = {
      id: 'x',
      version: 9,
      created_at: instantAt(9),
      updated_at: instantAt(9),
      completed_at: instantAt(9),
    }
    expect(patchTask(task, others, instantAt(10))).toBe(task)
  })

  test('a due date with another offset but the same instant is no change', () => {
    const task = sampleTask({ due_at: '2026-03-01T09:00:00.000Z' })
    expect(patchTask(task, { due_at: '2026-03-01T10:30:00+01:30' }, instantAt(1))).toBe(task)
  })

  test('another order of the labels is a change, a repeat is none', () => {
    const task = sampleTask({ labels: ['a', 'b'] })
    expect(patchTask(task, { labels: ['a', 'b', 'a'] }, instantAt(1))).toBe(task)
    expect(patchTask(task, { labels: ['b', 'a'] }, instantAt(1)).labels).toEqual(['b', 'a'])
  })

  test('only the title is trimmed', () => {
    const next = patchTask(
      sampleTask(),
      { title: '\u00a0 new \n', description: '  kept \n', labels: [' l '] },
      instantAt(1),
    )
    expect(next).toMatchObject({ title: 'new', description: '  kept \n', labels: [' l '] })
  })
})

describe('completeTask', () => {
  test('a completed task stays the very same', () => {
    const done = completeTask(sampleTask(), instantAt(3))
    expect(done).toMatchObject({
      status: 'completed',
      completed_at: instantAt(3),
      updated_at: instantAt(3),
      version: 2,
    })
    expect(completeTask(done, instantAt(4))).toBe(done)
  })

  test('a clock that was set back does not complete before the last change', () => {
    const task = sampleTask({ updated_at: instantAt(10) })
    expect(completeTask(task, instantAt(3))).toMatchObject({
      completed_at: instantAt(10),
      updated_at: instantAt(10),
    })
  })

  test('a reopened task is completed anew', () => {
    const reopened = patchTask(
      completeTask(sampleTask(), instantAt(1)),
      { status: 'pending' },
      instantAt(2),
    )
    expect(reopened.completed_at).toBeNull()
    expect(completeTask(reopened, instantAt(3)).completed_at).toBe(instantAt(3))
  })
})
